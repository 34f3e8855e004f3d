package hash

import (
	"bytes"
	"cmp"
	"context"
	"hash/maphash"
	"slices"
	"sync"

	"github.com/oneinode/oneinode/scan"
	"github.com/zeebo/blake3"
)

const (
	// lockstepWorkers compare at the same time, each with two buffers. Large reads keep a
	// disk busy with fewer than small files need.
	lockstepWorkers = 8
	// maxClass is how many files one worker compares in lockstep; a larger crowd
	// is hashed by all workers together. Eight times this is maxLockstep.
	maxClass = maxLockstep / lockstepWorkers
	// firstChunk is read first: files that begin alike often part early.
	firstChunk = 64 << 10
)

// lockstep compares the files of each span chunk by chunk until they part or
// end, and records the sets. Members of different spans are compared at the
// same time, each pool on its own. No more than s.descriptors.lockstep files are open.
func (s *search) lockstep(ctx context.Context, members []Member, spans []span) {
	byPool := map[*pool][]span{}
	for _, sp := range spans {
		p := s.poolOf(members[sp.lo].Name)
		byPool[p] = append(byPool[p], sp)
	}
	var wg sync.WaitGroup
	for p, list := range byPool {
		wg.Go(func() { s.lockstepOn(ctx, p, members, list) })
	}
	wg.Wait()
}

// lockstepOn is the lockstep of the files of one pool.
func (s *search) lockstepOn(ctx context.Context, on *pool, members []Member, spans []span) {
	slices.SortFunc(spans, func(a, b span) int {
		if s.opts.BestFirst {
			return s.compareSavings(members, a, b)
		}
		return cmp.Or(s.byPlace(members[a.lo].Name, members[b.lo].Name), cmp.Compare(a.lo, b.lo))
	})
	files := 0
	for _, sp := range spans {
		files += sp.len()
	}
	work := newSchedule(spans, s.descriptors.lockstep)
	defer work.close()
	defer work.stopWith(ctx)()
	var wg sync.WaitGroup
	for range min(on.pacers, files/2) { // at most so many classes
		wg.Go(func() {
			p := s.newPacer(work, on)
			defer p.close()
			p.run(ctx, members)
		})
	}
	wg.Wait()
}

// pacer is one worker of the lockstep stage.
type pacer struct {
	*reader
	work *schedule
	pool *pool
	seed maphash.Seed
	// lead and other hold the chunks that are being compared.
	lead, other []byte
	labels      []int
}

func (s *search) newPacer(work *schedule, on *pool) *pacer {
	return &pacer{
		reader: s.newReader(),
		work:   work,
		pool:   on,
		seed:   maphash.MakeSeed(),
		lead:   make([]byte, on.chunk),
		other:  make([]byte, on.chunk),
	}
}

func (p *pacer) run(ctx context.Context, members []Member) {
	for {
		c, sp, ok := p.work.next()
		if !ok {
			return
		}
		if c == nil {
			c = p.begin(members[sp.lo:sp.hi:sp.hi])
		}
		p.pace(ctx, c)
		p.work.finish()
	}
}

// begin opens the members of a class; those that are not what they were are
// left out.
func (p *pacer) begin(members []Member) *class {
	c := &class{members: members[:0], size: p.tree.Size(members[0].Name), begun: len(members)}
	c.tail, c.warm = c.size, p.mayMap(members[0].Name)
	for i := range members {
		fd, _, ok := p.reopen(&members[i])
		if !ok {
			p.lose(members[i].Name)
			p.work.release(1)
			p.done(1, c.size)
			continue
		}
		if isCold(fd, c.size) {
			p.cold.Store(fd, true)
			stopReadAhead(fd)
			c.warm = false
		}
		c.members = append(c.members, members[i])
		c.fds = append(c.fds, fd)
	}
	if p.opts.Digests {
		c.digest = blake3.New()
	}
	return c
}

// mayMap reports whether what the page cache holds of a file is what read(2) would give,
// and at once: other machines and programs are asked for that again, and only there; and who
// has to wait for leave to read shall not do so twice.
func (s *search) mayMap(n scan.Name) bool {
	return s.tree.Filesystem(n).SeesWriters() && s.opts.Throttle == nil
}

// pace takes a class to its end. What parts from it goes on as work of its own.
func (p *pacer) pace(ctx context.Context, c *class) {
	for len(c.members) > 1 && c.off < c.tail {
		if ctx.Err() != nil {
			break
		}
		c = p.step(ctx, c)
	}
	switch {
	case len(c.members) > 1 && c.off == c.tail:
		p.conclude(c)
	case ctx.Err() != nil: // given up: nothing is known of it, and it is not done
		p.give(c)
		return
	case len(c.members) == 1:
		p.note(c.members, Digest{}) // it has parted from all others
	}
	p.drop(c)
}

// drop closes a class whose members are decided.
func (p *pacer) drop(c *class) {
	n := p.give(c)
	p.done(n, n*c.size)
}

// give closes a class and gives its descriptors back.
func (p *pacer) give(c *class) int64 {
	n := len(c.fds)
	for _, fd := range c.fds {
		if _, cold := p.cold.LoadAndDelete(fd); cold {
			dropPages(fd, 0, 0)
		}
	}
	c.close()
	p.work.release(n)
	return int64(n)
}

// step compares one chunk of all members and returns what is left of the class
// after it: those equal to its first member.
func (p *pacer) step(ctx context.Context, c *class) *class {
	from, length := c.next(int64(p.pool.chunk))
	if from == c.off && c.off == firstChunk+int64(p.pool.chunk) {
		p.hurry(c)
	}
	if from == c.off && p.isWide(c) && p.stepWide(ctx, c) {
		p.dropBehind(c)
		return c
	}
	parts, whole := p.compare(ctx, c, from, length)
	if !whole && ctx.Err() != nil {
		return c // what could not be read may be sound
	}
	if !whole {
		c = p.divide(c, parts)
	}
	p.advance(c, from, length)
	return c
}

// hurry lets the kernel read ahead: files that are equal so far, at their ends too, are
// mostly equal to the end.
func (p *pacer) hurry(c *class) {
	for _, fd := range c.fds {
		if _, cold := p.cold.Load(fd); cold {
			readAhead(fd)
		}
	}
}

// divide splits a class by labels and sends on what parts from its lead, which
// it returns.
func (p *pacer) divide(c *class, parts int) *class {
	pieces := c.split(p.labels, parts)
	lead := pieces[0]
	for _, piece := range pieces[1:] {
		if len(piece.members) < 2 || piece == pieces[parts] {
			if piece != pieces[parts] {
				p.note(piece.members, Digest{})
			}
			p.drop(piece)
			continue
		}
		// The others have the same hash of this chunk, which only nominates them:
		// they begin again at this chunk.
		if c.digest != nil {
			piece.digest = c.digest.Clone()
		}
		p.work.add(piece)
	}
	lead.digest, lead.narrow = c.digest, c.narrow
	return lead
}

// advance takes the leader's chunk as equal.
func (p *pacer) advance(c *class, from, length int64) {
	if c.digest != nil && from == c.off && len(c.members) > 1 {
		c.digest.Write(p.lead[:length])
	}
	c.equal(from, length)
	p.dropBehind(c)
}

// dropBehind takes what was compared out of the page cache while the files are still
// read, if it was not there before.
func (p *pacer) dropBehind(c *class) {
	c.dropped.dropBefore(c.off, func(from, length int64) {
		for _, fd := range c.fds {
			if _, cold := p.cold.Load(fd); cold {
				dropPages(fd, from, length)
			}
		}
	})
}

// compare reads a chunk of all members and labels them: 0 for the first
// that can be read and those equal to it, a number of its own for each other
// kind of chunk (told apart by a hash), out for those that cannot be read. It
// returns how many labels there are, and whether all members are labelled 0.
func (p *pacer) compare(ctx context.Context, c *class, from, length int64) (parts int, whole bool) {
	p.labels = append(p.labels[:0], make([]int, len(c.members))...)
	kinds := kinds{seed: p.seed}
	lead, buf := p.lead[:length], p.lead[:length]
	for i, fd := range c.fds {
		switch err := readWatched(ctx, fd, buf, from, p); {
		case err != nil:
			p.lose(c.members[i].Name)
			p.skipRead(c.members[i].Name, err)
			p.labels[i] = out
		case &buf[0] == &lead[0]:
			buf = p.other[:length] // it leads, and is compared with what comes
		case !bytes.Equal(lead, buf):
			p.labels[i] = kinds.of(buf)
		}
	}
	return 1 + len(kinds.numbers), !slices.ContainsFunc(p.labels, func(l int) bool { return l != 0 })
}

// kinds numbers chunks from 1 on, equal ones alike.
type kinds struct {
	seed    maphash.Seed
	numbers map[uint64]int // by their hash
}

func (k *kinds) of(chunk []byte) int {
	if k.numbers == nil {
		k.numbers = make(map[uint64]int)
	}
	sum := maphash.Bytes(k.seed, chunk)
	if k.numbers[sum] == 0 {
		k.numbers[sum] = 1 + len(k.numbers)
	}
	return k.numbers[sum]
}

// conclude makes a set of the members that are still what they were.
func (p *pacer) conclude(c *class) {
	var d Digest
	if c.digest != nil {
		c.digest.Sum(d[:0])
	}
	left := p.unchangedOf(c)
	switch len(left) {
	case 0:
		return
	case c.begun:
		p.noteAgain(left, d)
	default:
		p.note(left, d)
	}
	if len(left) > 1 {
		p.emit(p.newSet(left, d))
	}
}

// unchangedOf returns the members of a class that was compared to its end but for those that
// have changed meanwhile.
func (p *pacer) unchangedOf(c *class) []Member {
	kept := make([]int, len(c.members))
	for i, fd := range c.fds {
		c.members[i].Unread = false
		if !p.unchanged(fd, &c.members[i]) {
			p.lose(c.members[i].Name)
			kept[i] = out
		}
	}
	return c.split(kept, 1)[0].members
}
