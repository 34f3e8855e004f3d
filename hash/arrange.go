package hash

import (
	"cmp"
	"context"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/hash/extents"
	"github.com/oneinode/oneinode/scan"
)

// arrange puts a sweep over a spinning disk into the order in which the files
// lie there. That costs an open for each, but of inodes that lie side by side,
// and a seek less for each read. Where the filesystem does not tell, the order
// stays that of the inodes.
func (s *search) arrange(ctx context.Context, recs *records, w *sweep) {
	starts := make([]int64, w.len())
	s.each(ctx, w.readers, w.len(), firstBatch, func(r *reader, i int) {
		if m := &recs.members[w.at(i)]; !isRecalled(m) {
			starts[i] = r.start(m.Name)
		}
	})
	sorted := make([]int, w.len())
	for i := range sorted {
		sorted[i] = i
	}
	slices.SortStableFunc(sorted, func(a, b int) int { return cmp.Compare(starts[a], starts[b]) })
	order := make([]int32, w.len())
	for k, i := range sorted {
		order[k] = int32(w.at(i))
		if n := recs.members[order[k]].Name; isLarge(s.tree.Size(n)) {
			s.layout.noteStart(n, starts[i])
		}
	}
	w.order = order
}

// byPlace orders files by where they begin, or by inode where that is unknown.
func (s *search) byPlace(a, b scan.Name) int {
	return cmp.Or(cmp.Compare(s.layout.start(a), s.layout.start(b)), byInode(s.tree, a, b))
}

// start returns where a file begins on its device, 0 if that cannot be told: if
// it cannot be opened, the first stage will tell why.
func (r *reader) start(n scan.Name) int64 {
	fd, err := r.opener.Open(n)
	if err != nil {
		return 0
	}
	defer unix.Close(fd)
	list, err := extents.Read(fd, extents.AsItLies, r.extents[:0])
	if err != nil {
		return 0
	}
	r.extents = list
	return extents.First(list)
}
