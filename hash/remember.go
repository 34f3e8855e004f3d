package hash

import (
	"context"
	"encoding/binary"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/oneinode/oneinode/hash/cache"
	"github.com/oneinode/oneinode/scan"
)

const (
	// saveEvery is how much work a killed run may lose.
	saveEvery = 2 * time.Minute
	// saveStep is how many candidates are read between two looks at the clock.
	saveStep = 1 << 16
)

// firstSteps is the first stage with a rest now and then to save what is known.
func (s *search) firstSteps(ctx context.Context, recs *records) {
	step := saveStep
	if s.memory == nil {
		step = len(recs.members)
	}
	for lo := 0; lo < len(recs.members); lo += step {
		if lo > 0 && time.Since(s.memory.saved) > saveEvery {
			s.remember(recs)
		}
		s.firstStage(ctx, recs, span{lo, min(lo+step, len(recs.members))})
	}
	s.remember(recs)
}

// remember saves what the first stage knows, if that is more than the cache did.
func (s *search) remember(recs *records) {
	if s.memory == nil || !s.memory.stale && !slices.ContainsFunc(recs.members, s.isNews) {
		return
	}
	if err := s.memory.cache.Update(s.entries(recs)); err != nil {
		s.tellCache(err)
	}
	s.memory.saved = time.Now()
}

// isNews reports whether a record was read in this run and may be remembered.
func (s *search) isNews(m Member) bool {
	return !discarded(&m) && !isRecalled(&m) && s.isQuiet(m.Name)
}

// isQuiet reports whether a file has not changed for long enough to be remembered, on a
// filesystem where that says something.
func (s *search) isQuiet(n scan.Name) bool {
	f := s.facts(n)
	return s.memory.lasts[s.tree.Domain(n)] && f.Mtime < s.memory.quiet && f.Ctime < s.memory.quiet
}

// entries yields the records as entries, in the order of the cache.
func (s *search) entries(recs *records) iter.Seq[cache.Entry] {
	return func(yield func(cache.Entry) bool) {
		all := s.runs(recs)
		for _, fs := range slices.Sorted(maps.Keys(all)) {
			for i, ok := recs.lowest(all[fs]); ok; i, ok = recs.lowest(all[fs]) {
				if !s.yieldRecord(recs, i, yield) {
					return
				}
			}
		}
	}
}

// lowest takes the record with the lowest inode number from several runs.
func (r *records) lowest(runs []*run) (int, bool) {
	var best *run
	for _, next := range runs {
		if next.at < next.end && (best == nil || r.ino(next.at) < r.ino(best.at)) {
			best = next
		}
	}
	if best == nil {
		return 0, false
	}
	best.at++
	return best.at - 1, true
}

// yieldRecord yields the entries of one record: one for the digest that the
// first stage made, and for a large file what is known of the whole.
func (s *search) yieldRecord(recs *records, i int, yield func(cache.Entry) bool) bool {
	m := &recs.members[i]
	if discarded(m) || !s.isQuiet(m.Name) {
		return true
	}
	kind := cache.Whole
	if isLarge(s.tree.Size(m.Name)) {
		kind = cache.Head
	}
	if !yield(s.entry(m, kind, *recs.digests.at(i), 0)) {
		return false
	}
	c, known := s.memory.contents[m.Name]
	return !known || yield(s.entry(m, c.kind(), c.digest, c.epoch))
}

func (c *content) kind() cache.Kind {
	if c.whole {
		return cache.Whole
	}
	return cache.Parted
}

func (s *search) entry(m *Member, kind cache.Kind, d Digest, epoch uint64) cache.Entry {
	f := s.facts(m.Name)
	return cache.Entry{
		FS: s.memory.fs[s.tree.Domain(m.Name)], Ino: s.tree.Ino(m.Name), Kind: kind, Size: s.tree.Size(m.Name),
		Mtime: f.Mtime, Ctime: f.Ctime, Digest: d, Epoch: epoch, Seen: s.memory.today,
	}
}

// note remembers the content of files that turned out equal to each other and
// to no other file of their size and beginning. Without a digest, whatever
// identifies one of them numbers the content.
func (s *search) note(members []Member, d Digest) {
	if s.memory != nil && len(members) > 0 {
		s.noteIn(s.memory.epochs[s.groups[s.tree.Domain(members[0].Name)]], members, d)
	}
}

// noteAgain is note for all members of a set, as equal as they were when the
// search began. What was known of them before stays as it is, unless they have a digest
// now: an epoch belongs to the search that began it. A later one may meet only some of
// its files, and the others would no longer be known as their equals.
func (s *search) noteAgain(members []Member, d Digest) {
	if s.memory == nil {
		return
	}
	c := s.memory.contents[members[0].Name]
	if c.epoch == 0 || d != (Digest{}) && d != c.digest {
		s.note(members, d)
	}
}

func (s *search) noteIn(epoch uint64, members []Member, d Digest) {
	kind := cache.Whole
	if d == (Digest{}) {
		kind, d = cache.Parted, s.number(members[0].Name, epoch)
	}
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	for i := range members {
		s.noteOne(&members[i], kind, d, epoch)
		for _, twin := range s.twinsOf(members[i].Name) {
			s.noteOne(&twin, kind, d, epoch)
		}
	}
}

func (s *search) noteOne(m *Member, kind cache.Kind, d Digest, epoch uint64) {
	if s.isQuiet(m.Name) {
		s.memory.notes = append(s.memory.notes, s.entry(m, kind, d, epoch))
	}
}

// number is unique for each content among the large files of all epochs: a file that
// was overwritten keeps its inode number. A copy of a disk image that is mounted beside it has
// its id and its inode numbers; only the devices tell the two apart. No epoch is zero, so that
// no number is: that would be no digest.
func (s *search) number(n scan.Name, epoch uint64) (d Digest) {
	id := s.tree.ID(n)
	binary.LittleEndian.PutUint64(d[:], id.Ino)
	binary.LittleEndian.PutUint64(d[8:], id.Dev)
	binary.LittleEndian.PutUint64(d[24:], epoch)
	return d
}

// noteLoner is note for a file of a crowd whose sample nobody else has.
func (s *search) noteLoner(m *Member) { s.note([]Member{*m}, Digest{}) }

// latest sorts notes and leaves the last one on each file.
func latest(notes []cache.Entry) []cache.Entry {
	slices.Reverse(notes)
	cache.Sort(notes) // which is stable
	return slices.CompactFunc(notes, func(a, b cache.Entry) bool { return a.FS == b.FS && a.Ino == b.Ino })
}

// saveNotes saves what was found out about large files.
func (s *search) saveNotes() {
	if s.memory == nil || len(s.memory.notes) == 0 {
		return
	}
	if err := s.memory.cache.Update(slices.Values(latest(s.memory.notes))); err != nil {
		s.tellCache(err)
	}
	s.memory.notes = nil
}
