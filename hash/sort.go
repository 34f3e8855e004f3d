package hash

import (
	"bytes"
	"cmp"
	"runtime"
	"sort"
	"sync"
	"sync/atomic"
)

const (
	// fewRecords are put in order by comparing them.
	fewRecords = 64
	// sortedBytes is how many bytes of the digests divide the records before that, at most: where
	// more have them in common, these are mostly equal.
	sortedBytes = 3
)

// sort puts equal digests together and, within them, what belongs together by size and group,
// in inode order. Digests are as good as random numbers: their first byte divides the records
// into equal shares, of which all processors take one after the other.
func (r *records) sort() {
	ends := share{r, span{0, len(r.members)}}.divide(0)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.NumCPU() {
		wg.Go(func() {
			for k := next.Add(1) - 1; k < int64(len(ends)); k = next.Add(1) - 1 {
				share{r, spanOf(&ends, 0, int(k))}.sort(1)
			}
		})
	}
	wg.Wait()
}

// share is some of the records, which are sorted where they are.
type share struct {
	*records
	span
}

// sort sorts records whose digests have the same bytes before this one.
func (s share) sort(at int) {
	if s.len() <= fewRecords || at == sortedBytes {
		sort.Sort(s)
		return
	}
	ends := s.divide(at)
	for k := range ends {
		share{s.records, spanOf(&ends, s.lo, k)}.sort(at + 1)
	}
}

// divide puts records in the order of one byte of their digests, and returns where the records of
// each value end.
func (s share) divide(at int) (ends [256]int) {
	for i := s.lo; i < s.hi; i++ {
		ends[s.digests.at(i)[at]]++
	}
	var next [256]int // where the next record of each value goes
	sum := s.lo
	for value, n := range ends {
		next[value], sum = sum, sum+n
		ends[value] = sum
	}
	for value := range next {
		for next[value] < ends[value] {
			belongs := s.digests.at(next[value])[at]
			if int(belongs) != value {
				s.swap(next[value], next[belongs])
			}
			next[belongs]++
		}
	}
	return ends
}

// spanOf is where the records of a value lie that divide has found in those from lo on.
func spanOf(ends *[256]int, lo, value int) span {
	if value > 0 {
		lo = ends[value-1]
	}
	return span{lo, ends[value]}
}

func (s share) Len() int           { return s.len() }
func (s share) Less(i, j int) bool { return s.before(s.lo+i, s.lo+j) }
func (s share) Swap(i, j int)      { s.swap(s.lo+i, s.lo+j) }

// before is the order of sort.
func (r *records) before(i, j int) bool {
	if c := bytes.Compare(r.digests.at(i)[:], r.digests.at(j)[:]); c != 0 {
		return c < 0
	}
	a, b := r.members[i].Name, r.members[j].Name
	return cmp.Or(
		cmp.Compare(r.tree.Size(a), r.tree.Size(b)),
		cmp.Compare(r.group(a), r.group(b)),
		byInode(r.tree, a, b),
	) < 0
}

func (r *records) swap(i, j int) {
	r.members[i], r.members[j] = r.members[j], r.members[i]
	a, b := r.digests.at(i), r.digests.at(j)
	*a, *b = *b, *a
}
