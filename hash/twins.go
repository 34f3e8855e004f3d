package hash

import (
	"context"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
)

// Twins are large files that lie in the very same place. One of them, the lead,
// is read for all.
//
//  1. The first stage notes where each file lies. The first to lie in a place is
//     its lead; those that come later are parked, unread (claim, park).
//  2. At its end it looks once more where the lead lies: still there, it has been
//     there when each twin was looked at, and they have the same bytes
//     (settleTwins). Without that second look, a lead that was moved meanwhile
//     could have left its place to another file.
//  3. Before the lockstep twins are set apart (setTwinsApart), and they join the
//     set of their lead when it is emitted (withTwins).
//  4. If the lead fails, a twin takes its place, and the files that begin alike
//     are compared anew (retryLost).
type twins struct {
	claims map[uint32]*claim // by place

	// of has the twins of each lead. It changes between stages only.
	of map[scan.Name][]Member
	// spans are the members that go into lockstep, of spans that have twins.
	spans [][]Member

	mu    sync.Mutex
	lost  map[scan.Name]bool // leads that failed
	taken map[scan.Name]bool // leads whose twins are in a set
}

// claim is a place with the first file that was met there.
type claim struct {
	place  uint32
	lead   *Member
	digest *Digest
	parked []parked
}

// parked is a twin whose record counts as discarded until it is settled.
type parked struct {
	member *Member
	digest *Digest
}

// claim returns who was met in a place before, nil if this file is the first, or
// the place is none.
func (s *search) claim(place uint32, m *Member, d *Digest) *claim {
	if place == 0 {
		return nil
	}
	s.twins.mu.Lock()
	defer s.twins.mu.Unlock()
	if c := s.twins.claims[place]; c != nil {
		return c
	}
	if s.twins.claims == nil {
		s.twins.claims = make(map[uint32]*claim)
	}
	s.twins.claims[place] = &claim{place: place, lead: m, digest: d}
	return nil
}

// park leaves a twin unread, if it has not changed.
func (r *reader) park(fd int, c *claim, m *Member, d *Digest) verdict {
	if !r.unchanged(fd, m) {
		return leftOut
	}
	r.twins.mu.Lock()
	defer r.twins.mu.Unlock()
	c.parked = append(c.parked, parked{m, d})
	discard(m)
	return taken
}

// settleTwins gives parked files the digest of their lead. Files that were moved together
// since are parked once more.
func (s *search) settleTwins(ctx context.Context) {
	for list := s.unsettledClaims(); len(list) > 0 && ctx.Err() == nil; list = s.unsettledClaims() {
		s.each(ctx, s.workers, len(list), 1, func(r *reader, i int) { r.settleClaim(ctx, list[i]) })
	}
}

func (s *search) unsettledClaims() (list []*claim) {
	for _, c := range s.twins.claims {
		if len(c.parked) > 0 {
			list = append(list, c)
		}
	}
	return list
}

// takeParked returns who is parked, and nobody twice.
func (s *search) takeParked(c *claim) []parked {
	s.twins.mu.Lock()
	defer s.twins.mu.Unlock()
	waiting := c.parked
	c.parked = nil
	return waiting
}

func (r *reader) settleClaim(ctx context.Context, c *claim) {
	waiting := r.takeParked(c)
	still := r.isStillThere(c)
	if !still {
		r.layout.distrust(c.place)
	}
	for _, p := range waiting {
		if still {
			p.member.state, *p.digest = present, *c.digest
		} else if !r.first(ctx, p.member, p.digest) {
			discard(p.member)
			r.done(1, r.tree.Size(p.member.Name))
		}
	}
}

// isStillThere reports whether the lead was read and lies where it lay.
func (r *reader) isStillThere(c *claim) bool {
	if discarded(c.lead) {
		return false
	}
	fd, _, ok := r.reopen(c.lead)
	if !ok {
		discard(c.lead)
		r.done(1, r.tree.Size(c.lead.Name))
		return false
	}
	defer unix.Close(fd)
	return r.locate(fd, c.lead) == c.place
}

// setTwinsApart leaves one of each place in the spans. Where only one is left there is
// nothing to compare: finishTwins takes it.
func (s *search) setTwinsApart(members []Member, spans []span) []span {
	s.twins.claims = nil
	if s.layout.isEmpty() {
		return spans
	}
	s.twins.of, s.twins.lost, s.twins.taken = map[scan.Name][]Member{}, map[scan.Name]bool{}, map[scan.Name]bool{}
	left := spans[:0]
	for _, sp := range spans {
		all := sp.len()
		sp.hi = sp.lo + s.leads(members[sp.lo:sp.hi])
		if sp.len() < all {
			s.twins.spans = append(s.twins.spans, slices.Clone(members[sp.lo:sp.hi]))
		}
		if sp.len() > 1 {
			left = append(left, sp)
		}
	}
	return left
}

// leads moves the leads of a span, and the files that lie alone, to its front
// and returns how many they are. Files that were only recalled do not count:
// nobody looked twice where they lie.
func (s *search) leads(members []Member) int {
	leads := map[uint32]scan.Name{}
	kept := members[:0]
	for _, m := range members {
		place := s.layout.place(m.Name)
		if place == 0 || m.Unread {
			kept = append(kept, m)
			continue
		}
		lead, known := leads[place]
		if !known {
			leads[place] = m.Name
			kept = append(kept, m)
			continue
		}
		m.Unread = true
		s.twins.of[lead] = append(s.twins.of[lead], m)
	}
	return len(kept)
}

// finishAlone makes sets of the files whose like are all twins.
func (s *search) finishAlone(ctx context.Context, leads []Member) {
	s.each(ctx, s.workers, len(leads), 1, func(r *reader, k int) {
		lead := leads[k : k+1 : k+1]
		if d, ok := r.sumLead(ctx, &lead[0]); ok {
			s.note(lead, d)
			s.emit(s.newSet(lead, d))
		}
	})
}

// sumLead returns the digest of a file if somebody wants digests. When it fails
// one of its twins takes its place; false if that would be the last.
func (r *reader) sumLead(ctx context.Context, lead *Member) (d Digest, ok bool) {
	if !r.opts.Digests {
		lead.Unread = true
		return d, true
	}
	for !r.hash(ctx, lead, &d, wholeOf(r.tree.Size(lead.Name))) {
		if ctx.Err() != nil {
			return d, false
		}
		r.done(1, r.tree.Size(lead.Name)) // the one that takes its place, or is the last
		twins := r.twinsOf(lead.Name)
		if len(twins) < 2 {
			return d, false
		}
		*lead = r.promote(twins)
	}
	return d, true
}

// promote makes the first of some twins the lead of the others.
func (s *search) promote(twins []Member) Member {
	s.twins.mu.Lock()
	defer s.twins.mu.Unlock()
	s.twins.of[twins[0].Name] = twins[1:]
	return twins[0]
}

// twinsOf returns the twins that a lead stands for.
func (s *search) twinsOf(n scan.Name) []Member {
	s.twins.mu.Lock()
	defer s.twins.mu.Unlock()
	return s.twins.of[n]
}

// withTwins lets the twins of its members join a set.
func (s *search) withTwins(set Set) Set {
	was := len(set.Members)
	for _, m := range set.Members[:was:was] {
		set.Members = append(set.Members, s.takeTwins(m.Name)...)
	}
	if len(set.Members) > was {
		slices.SortFunc(set.Members, func(a, b Member) int { return byInode(s.tree, a.Name, b.Name) })
		joined := int64(len(set.Members) - was)
		s.done(joined, joined*set.Size)
	}
	return set
}

func (s *search) takeTwins(n scan.Name) []Member {
	s.twins.mu.Lock()
	defer s.twins.mu.Unlock()
	if s.twins.taken != nil {
		s.twins.taken[n] = true
	}
	return s.twins.of[n]
}

// lose notes that a file of a span failed.
func (s *search) lose(n scan.Name) {
	s.twins.mu.Lock()
	defer s.twins.mu.Unlock()
	if s.twins.lost != nil {
		s.twins.lost[n] = true
	}
}

// finishTwins ends what the lockstep has left: leads that failed, and leads that
// nobody equals but their twins.
func (s *search) finishTwins(ctx context.Context) {
	var alone []Member
	for _, leads := range s.twins.spans {
		if ctx.Err() != nil {
			return
		}
		leads = s.retryLost(ctx, leads)
		if len(leads) == 1 {
			s.done(1, s.tree.Size(leads[0].Name)) // the lockstep has not met it
		}
		for _, m := range leads {
			if twins := s.twins.of[m.Name]; len(twins) > 0 && !s.twins.taken[m.Name] && !s.twins.lost[m.Name] {
				alone = append(alone, m)
			} else if len(twins) > 1 && s.twins.lost[m.Name] {
				alone = append(alone, s.promote(twins))
				s.done(1, s.tree.Size(m.Name))
			}
		}
	}
	s.finishAlone(ctx, alone)
	s.twins = twins{}
}

// retryLost compares the files of a span anew, once, if a lead failed that has
// twins: one of them takes its place. It returns the leads that it has now.
func (s *search) retryLost(ctx context.Context, leads []Member) []Member {
	lost := func(m Member) bool { return s.twins.lost[m.Name] }
	if !slices.ContainsFunc(leads, func(m Member) bool { return lost(m) && len(s.twins.of[m.Name]) > 0 }) {
		return leads
	}
	s.withdraw(leads)
	var again []Member
	for _, m := range leads {
		if twins := s.twins.of[m.Name]; !lost(m) {
			again = append(again, m)
		} else if len(twins) > 0 {
			again = append(again, s.promote(twins))
		}
	}
	work := slices.Clone(again) // the lockstep moves its members about
	s.lockstep(ctx, work, s.hashCrowds(ctx, work, []span{{0, len(work)}}))
	return again
}

// withdraw takes back the sets of some members.
func (s *search) withdraw(members []Member) {
	gone := map[scan.Name]bool{}
	for _, m := range members {
		gone[m.Name] = true
		delete(s.twins.taken, m.Name)
	}
	s.sets = slices.DeleteFunc(s.sets, func(set Set) bool {
		return slices.ContainsFunc(set.Members, func(m Member) bool { return gone[m.Name] })
	})
}
