package hash

import (
	"context"

	"golang.org/x/sys/unix"
)

const (
	// sampleSize is how long a beginning of each file of a crowd is hashed before the whole:
	// files that begin alike by format have mostly parted by then.
	sampleSize = 1 << 20
	// sampledFrom is from what size on pages of the middle and of the end are hashed even
	// before. To open a file for that takes as long as hashing 30 KiB of it: a crowd
	// of equal files loses a tenth of its time at most.
	sampledFrom = 256 << 10
)

// stretch is a part of a file.
type stretch struct{ from, length int64 }

// crowdSteps say what is hashed of each file of a crowd, step by step until it is one no more: nothing
// where a step does not pay, and the whole in the last.
var crowdSteps = []func(p *pool, size int64) []stretch{
	func(p *pool, size int64) []stretch {
		if size < sampledFrom || p.spins { // two seeks take as long as reading a beginning
			return nil
		}
		return []stretch{{size / 2 / headSize * headSize, headSize}, {size - headSize, headSize}}
	},
	func(_ *pool, size int64) []stretch { return []stretch{{0, min(size, sampleSize)}} },
	func(_ *pool, size int64) []stretch { return wholeOf(size) },
}

func wholeOf(size int64) []stretch { return []stretch{{0, size}} }

// hashCrowds deals with the spans of more files than may be open together: it
// hashes samples of each file, one file at a time, and what still is a
// crowd after that, whole. The spans that it returns fit into lockstep.
func (s *search) hashCrowds(ctx context.Context, members []Member, spans []span) []span {
	crowds, fit := s.partCrowds(spans)
	for _, step := range crowdSteps {
		var parts []span
		for _, sp := range crowds {
			parts = append(parts, s.hashCrowd(ctx, members, sp, step)...)
		}
		var more []span
		crowds, more = s.partCrowds(parts)
		fit = append(fit, more...)
	}
	return fit
}

// partCrowds tells the spans of more files than may be open together from those that fit.
func (s *search) partCrowds(spans []span) (crowds, fit []span) {
	limit := min(s.descriptors.lockstep, maxClass)
	for _, sp := range spans {
		if sp.len() > limit {
			crowds = append(crowds, sp)
		} else {
			fit = append(fit, sp)
		}
	}
	return crowds, fit
}

// hashCrowd hashes of each file of one span what a step says. If that is all
// of them, it records the sets; else it returns the spans that are equal so far.
func (s *search) hashCrowd(ctx context.Context, members []Member, sp span, step func(*pool, int64) []stretch) []span {
	pool, size := s.poolOf(members[sp.lo].Name), s.tree.Size(members[sp.lo].Name)
	parts := step(pool, size)
	if len(parts) == 0 {
		return []span{sp}
	}
	part := &records{s.tree, s.groups, members[sp.lo:sp.hi:sp.hi], newDigests(sp.len())}
	s.each(ctx, pool.readers, len(part.members), 1, func(r *reader, i int) {
		if m := &part.members[i]; !r.hash(ctx, m, part.digests.at(i), parts) {
			s.lose(m.Name)
			discard(m)
		}
	})
	switch {
	case parts[0].length == size:
		part.leaveUnread(ctx)
		s.concludeCrowd(part)
		return nil
	case ctx.Err() != nil:
		return nil
	}
	spans := s.gatherCrowd(part, s.noteLoner)
	for i := range spans {
		spans[i].lo += sp.lo
		spans[i].hi += sp.lo
	}
	return spans
}

// leaveUnread leaves out, uncounted, what nobody came to before ctx ended. A search that may read less than
// a crowd finds what is equal among the others: linked, they are one file for the next.
func (r *records) leaveUnread(ctx context.Context) {
	if ctx.Err() == nil {
		return
	}
	for i := range r.members {
		if *r.digests.at(i) == (Digest{}) {
			discard(&r.members[i])
		}
	}
	r.prune()
}

// gatherCrowd returns the spans of equal digests. The others are done with, and alone is told of
// each that nobody equals.
func (s *search) gatherCrowd(part *records, alone func(*Member)) []span {
	if len(part.members) == 0 {
		return nil
	}
	were, size := len(part.members), s.tree.Size(part.members[0].Name)
	spans := part.gather(alone)
	gone := int64(were - len(part.members))
	s.done(gone, gone*size)
	return spans
}

// concludeCrowd notes and records what was hashed whole.
func (s *search) concludeCrowd(part *records) {
	for i := range part.members {
		if !discarded(&part.members[i]) {
			s.note(part.members[i:i+1], *part.digests.at(i))
		}
	}
	for _, sub := range s.gatherCrowd(part, unheard) {
		s.emit(s.newSet(part.members[sub.lo:sub.hi:sub.hi], *part.digests.at(sub.lo)))
		s.done(int64(sub.len()), int64(sub.len())*s.tree.Size(part.members[sub.lo].Name))
	}
}

// hash reads parts of a member, of which the first may be the whole, between two looks at its
// state; false if it was left out.
func (r *reader) hash(ctx context.Context, m *Member, d *Digest, parts []stretch) bool {
	fd, _, ok := r.reopen(m)
	if !ok {
		return false
	}
	defer unix.Close(fd)
	size := r.tree.Size(m.Name)
	whole := parts[0].length == size
	m.Unread = m.Unread && !whole
	w, done := asFound(r, fd, size)
	defer done()
	if !whole {
		stopReadAhead(fd)
	}
	var err error
	if *d, err = sum(ctx, r.hasher, fd, parts, w); err != nil {
		r.skipRead(m.Name, err)
		return false
	}
	return r.unchanged(fd, m)
}
