package view

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/oneinode/oneinode/report/schema"
)

// copiesOf is a source with copies of a deep tree beside each other: chains of directories
// with one file in each.
func copiesOf(copies, chains, depth int) *schema.Loaded {
	s := &schema.Loaded{}
	chain := func(c, number, depth int) string {
		return fmt.Sprintf("/srv/copy%02d", c) + strings.Repeat(fmt.Sprintf("/chain%04d", number), depth)
	}
	for number := range chains {
		for d := 1; d <= depth; d++ {
			set := schema.Set{Size: 10}
			for c := range copies {
				dir := chain(c, number, d)
				set.Inodes = append(set.Inodes, schema.Inode{Paths: []schema.Path{schema.NewPath(dir + "/file")}})
				s.AllDirectories = append(s.AllDirectories, schema.Directory{Path: schema.NewPath(dir), Names: int64(depth - d + 1), Bytes: 10})
			}
			s.AllSets = append(s.AllSets, set)
		}
	}
	s.Doc.Summary.Sets = int64(len(s.AllSets))
	return s
}

// TestDirsOfManyCopies: 24 copies make 276 pairs of each directory and of all above it, which
// each content goes through. A pair costs its record, and no step on the way up allocates.
func TestDirsOfManyCopies(t *testing.T) {
	const copies, chains, depth = crowd, 4, 30
	src := copiesOf(copies, chains, depth)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	v, err := NewDirs(src)
	runtime.ReadMemStats(&after)
	if err != nil || len(v.Whole) != chains || len(v.Whole[0].Paths) != copies {
		t.Fatalf("%v, %d whole, want %d of %d", err, len(v.Whole), chains, copies)
	}
	pairs := uint64(copies * (copies - 1) / 2 * chains * depth)
	if each := (after.TotalAlloc - before.TotalAlloc) / pairs; each > 500 {
		t.Errorf("%d bytes were allocated for each of %d pairs, want at most 500", each, pairs)
	}
}
