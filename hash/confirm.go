package hash

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// confirm deals with the records that were recalled and have met an equal one.
// Files that nobody equals are ruled out and never touched. Those that may be
// members of a set are opened, for their attributes and to prove that they still
// are what the cache knows; and where opts.Confirm asks for it they are read.
func (s *search) confirm(ctx context.Context, recs *records) {
	if s.memory == nil || s.memory.hits == 0 {
		return
	}
	spans := s.gather(recs)
	for _, sp := range spans {
		if isLarge(s.sizeOf(recs, sp)) {
			s.part(recs, sp)
		}
	}
	list := toLookAt(recs, spans)
	s.lookAt(ctx, recs, list)
	again := s.toRead(recs, spans)
	if ctx.Err() == nil {
		s.done(s.countSmall(recs, list)-int64(len(again)), 0)
	}
	s.reread(ctx, recs, again)
}

// lookAt opens files that were recalled.
func (s *search) lookAt(ctx context.Context, recs *records, list []int) {
	s.sortByInode(recs, list)
	s.each(ctx, s.workers, len(list), firstBatch, func(r *reader, k int) {
		if m := &recs.members[list[k]]; !r.recognize(m) {
			discard(m)
			s.done(1, 0)
		}
	})
	if ctx.Err() != nil {
		discardRecalled(recs, list)
	}
}

// discardRecalled leaves out what nobody has looked at before ctx ended: the cache's
// word alone makes no set.
func discardRecalled(recs *records, list []int) {
	for _, i := range list {
		if m := &recs.members[i]; isRecalled(m) {
			discard(m)
		}
	}
}

// countSmall counts the small files of a list of records that were not left out.
func (s *search) countSmall(recs *records, list []int) (n int64) {
	for _, i := range list {
		if m := &recs.members[i]; !discarded(m) && !isLarge(s.tree.Size(m.Name)) {
			n++
		}
	}
	return n
}

// sortByInode puts numbers of records into the order of the disk.
func (s *search) sortByInode(recs *records, list []int) {
	slices.SortFunc(list, func(a, b int) int { return byInode(s.tree, recs.members[a].Name, recs.members[b].Name) })
}

// reread reads small files that were only recalled. A digest that turns out to be
// another one is noted.
func (s *search) reread(ctx context.Context, recs *records, list []int) {
	s.sortByInode(recs, list)
	old := make([]Digest, len(list))
	for k, i := range list {
		old[k] = *recs.digests.at(i)
	}
	at := func(k int) (*Member, *Digest) { return recs.at(list[k]) }
	s.eachBatch(ctx, s.workers, len(list), batchFiles, func(r *reader, lo, hi int) {
		r.firstOf(ctx, lo, hi, at, func(k int, ok bool) {
			m, d := at(k)
			if r.decide(ctx, m, ok); ok && *d != old[k] {
				s.note([]Member{*m}, *d)
			}
		})
	})
}

// part divides large files that begin alike by what is known of the rest, if
// that tells each of them from each other: then those that stand alone are ruled
// out, and the digests of the others are replaced by what sets them apart. If it
// does not, nothing is known of them, and they are to be compared.
func (s *search) part(recs *records, sp span) {
	known := s.memory.contents
	if !s.comparable(recs.members[sp.lo:sp.hi]) {
		for i := sp.lo; i < sp.hi; i++ {
			delete(known, recs.members[i].Name)
		}
		return
	}
	count := make(map[Digest]int)
	for i := sp.lo; i < sp.hi; i++ {
		*recs.digests.at(i) = known[recs.members[i].Name].digest
		count[*recs.digests.at(i)]++
	}
	for i := sp.lo; i < sp.hi; i++ {
		if count[*recs.digests.at(i)] == 1 {
			discard(&recs.members[i])
			s.done(1, 0)
		}
	}
}

// comparable reports whether what is known of the files' contents tells which of
// them are equal: digests of them all, or one comparison in which all took part.
func (s *search) comparable(members []Member) bool {
	epoch := s.memory.contents[members[0].Name].epoch
	whole, together := true, epoch != 0
	for i := range members {
		if !isRecalled(&members[i]) {
			return false
		}
		c := s.memory.contents[members[i].Name] // of none it is no whole, and of no epoch
		whole = whole && c.whole
		together = together && c.epoch == epoch
	}
	return whole || together
}

// toLookAt lists the recalled records that may belong to a set.
func toLookAt(recs *records, spans []span) (list []int) {
	for _, sp := range spans {
		for i := sp.lo; i < sp.hi; i++ {
			if isRecalled(&recs.members[i]) {
				list = append(list, i)
			}
		}
	}
	return list
}

// toRead lists the small files that were only recalled, of the sets that are to
// be confirmed.
func (s *search) toRead(recs *records, spans []span) (list []int) {
	if s.opts.Confirm == nil {
		return nil
	}
	for _, sp := range spans {
		if isLarge(s.sizeOf(recs, sp)) {
			continue
		}
		members, unread := stillIn(recs, sp)
		if len(unread) > 0 && len(members) > 1 && s.mustConfirm(members, *recs.digests.at(sp.lo)) {
			list = append(list, unread...)
		}
	}
	return list
}

// stillIn returns the members of a span that were not left out, and which of its records were
// only recalled.
func stillIn(recs *records, sp span) (members []Member, unread []int) {
	for i := sp.lo; i < sp.hi; i++ {
		m := recs.members[i]
		if discarded(&m) {
			continue
		}
		members = append(members, m)
		if m.Unread {
			unread = append(unread, i)
		}
	}
	return members, unread
}

// mustConfirm asks whether the files of a set are to be read.
func (s *search) mustConfirm(members []Member, d Digest) bool {
	if s.opts.Confirm == nil {
		return false
	}
	set := s.newSet(members, d)
	return s.opts.Confirm(&Result{Tree: s.tree, attrs: s.table.list, layout: s.layout, changes: s.changes}, &set)
}

// believe records a set of large files whose content is known and need not be read; false
// if it must.
func (s *search) believe(members []Member) bool {
	if s.memory == nil {
		return false
	}
	c, known := s.memory.contents[members[0].Name]
	if !known || s.opts.Digests && !c.whole {
		return false
	}
	var d Digest
	if c.whole {
		d = c.digest
	}
	if s.mustConfirm(members, d) {
		return false
	}
	s.emit(s.newSet(members, d))
	s.done(int64(len(members)), 0)
	return true
}

// recognize opens a recalled file, proves that it is in the state that the cache
// knows, and completes its record; false if it was left out.
func (r *reader) recognize(m *Member) bool {
	fd, st, ok := r.reopen(m)
	if !ok {
		return false
	}
	defer unix.Close(fd)
	if r.busy(fd, m.Name, st.Ctime, time.Now()) {
		return false
	}
	r.take(fd, m, &st)
	m.Unread = true
	r.locate(fd, m)
	return true
}
