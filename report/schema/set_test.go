package schema

import (
	"testing"

	"github.com/oneinode/oneinode/dedupe/decide"
)

// What is stored twice is never less than what can be reclaimed, whether files
// take whole blocks or have holes.
func TestRedundantAsAPlanCounts(t *testing.T) {
	for _, c := range []struct {
		size, want int64
		allocated  []int64
	}{
		{10000, 12288 + 16384, []int64{12288, 4096, 16384}},
		{1 << 40, 4096, []int64{4096, 4096}}, // all holes but a block
		{1000, 1000, []int64{0, 0}},          // among the metadata
		{10000, 10000, []int64{8192, 8192}},  // the end lies elsewhere
	} {
		s := Set{Size: c.size, Inodes: []Inode{{Allocated: 1 << 20, Reason: decide.HoldShared}}}
		for _, n := range c.allocated {
			s.Inodes = append(s.Inodes, Inode{Allocated: n})
		}
		if got := s.Redundant(); got != c.want {
			t.Errorf("size %d, allocated %d: %d bytes, want %d", c.size, c.allocated, got, c.want)
		}
	}
}
