package hash

import (
	"cmp"
	"maps"
	"slices"

	"github.com/oneinode/oneinode/scan"
)

// The first portion of a search that may be stopped is small, so that its sets
// are finished soon; each further one may be twice as large, so that they are
// few: every portion is a sweep over the disk, and rewrites the cache.
const (
	portionFiles = 4096
	portionBytes = 256 << 20 // to be read at most
)

// sizeClass is all candidates of one group and size.
type sizeClass struct {
	group uint32
	size  int64
}

// portions divides the records into those of the classes that may save most,
// then of those that may save less, and so on. Each keeps the order of the disk.
func (s *search) portions(recs *records) []*records {
	if !s.opts.BestFirst {
		return []*records{recs}
	}
	numbers, files := s.assignPortions(recs)
	parts := make([]*records, len(files))
	for i, n := range files {
		parts[i] = &records{recs.tree, recs.groups, make([]Member, 0, n), newDigests(n)}
	}
	for i := range recs.members {
		p := parts[numbers[recs.class(i)]]
		*p.digests.at(len(p.members)) = *recs.digests.at(i)
		p.members = append(p.members, recs.members[i])
	}
	return parts
}

func (r *records) class(i int) sizeClass {
	n := r.members[i].Name
	return sizeClass{r.group(n), r.tree.Size(n)}
}

// assignPortions numbers the classes by portion, and returns how many files each
// portion has.
func (s *search) assignPortions(recs *records) (numbers map[sizeClass]int, files []int) {
	order, counts := s.rankClasses(recs)
	numbers = make(map[sizeClass]int, len(counts))
	var bytes float64
	for _, c := range order {
		last := len(files) - 1
		if last < 0 || files[last] >= portionFiles<<min(last, 20) || bytes >= float64(int64(portionBytes)<<min(last, 20)) {
			files, bytes = append(files, 0), 0
			last++
		}
		numbers[c] = last
		files[last] += counts[c]
		bytes += float64(c.size) * float64(counts[c])
	}
	return numbers, files
}

// rankClasses orders the classes by what they may save, most first, and counts their files.
func (s *search) rankClasses(recs *records) (order []sizeClass, counts map[sizeClass]int) {
	counts, stored := make(map[sizeClass]int), make(map[sizeClass]int64)
	for i := range recs.members {
		c := recs.class(i)
		counts[c]++
		stored[c] += s.stored(recs.members[i].Name)
	}
	order = slices.AppendSeq(make([]sizeClass, 0, len(counts)), maps.Keys(counts))
	saving := func(c sizeClass) float64 { return float64(stored[c]) * float64(counts[c]-1) / float64(counts[c]) }
	slices.SortFunc(order, func(a, b sizeClass) int {
		return cmp.Or(cmp.Compare(saving(b), saving(a)), cmp.Compare(b.size, a.size), cmp.Compare(a.group, b.group))
	})
	return order, counts
}

// finished makes sets of the small files that a first stage which was stopped
// has read.
func (s *search) finished(recs *records) []Set {
	for i := range recs.members {
		if m := &recs.members[i]; isRecalled(m) || isLarge(s.tree.Size(m.Name)) {
			discard(m)
		}
	}
	var sets []Set
	for _, sp := range recs.gather(unheard) {
		sets = append(sets, s.newSet(slices.Clone(recs.members[sp.lo:sp.hi]), *recs.digests.at(sp.lo)))
	}
	return sets
}

// compareSavings orders spans by what they may save, most first.
func (s *search) compareSavings(members []Member, a, b span) int {
	saving := func(sp span) float64 { return float64(s.stored(members[sp.lo].Name)) * float64(sp.len()-1) }
	return cmp.Or(cmp.Compare(saving(b), saving(a)), cmp.Compare(a.lo, b.lo))
}

// stored is what a file may save: holes take no room, though its size has them.
func (s *search) stored(n scan.Name) int64 {
	return min(s.tree.Size(n), s.tree.Facts(n).Allocated)
}
