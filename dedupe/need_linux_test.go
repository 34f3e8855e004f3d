package dedupe

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/scan"
)

// TestNeedsCountOnce: several names of one old inode get one copy, and a name that is no
// longer what the run made of it gets none.
func TestNeedsCountOnce(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	put(t, dir, "a", "same", 100)
	put(t, dir, "b", "same", 200, "b2", "b3")
	put(t, dir, "c", "same", 300)
	linkAll(t, dir, state, decide.Policy{Keep: decide.KeepOldest}, ApplyOptions{})
	check(t, os.Remove(filepath.Join(dir, "c")))
	needs, err := planUndo(t, state).Needs()
	check(t, err)
	want := statOf(t, dir, "a").Allocated
	if want == 0 {
		t.Skip("so small a file takes no block here")
	}
	if len(needs) != 1 || needs[0].Names != 3 || needs[0].Bytes != want {
		t.Errorf("%+v, want 3 names and %d bytes", needs, want)
	}
}

// TestTakes: a small file that has a huge page on a tmpfs (st_blocks says 2 MiB) gets a copy of small
// pages where no more is left. Elsewhere a copy may need all that the file was given.
func TestTakes(t *testing.T) {
	const huge, page = 2 << 20, 4096
	tmpfs, large, other := Need{page: page}, Need{page: 16 * page}, Need{} // of arm64, too
	for _, c := range []struct {
		need        Need
		size, given int64
		want        int64
	}{
		{tmpfs, 1, huge, page}, {tmpfs, page + 1, huge, 2 * page}, {tmpfs, huge, huge, huge},
		{tmpfs, huge, page, page}, {tmpfs, 100, 0, 0}, {large, 1, huge, 16 * page}, {other, 1, huge, huge},
	} {
		if got := c.need.takes(&scan.Stat{Size: c.size}, c.given); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}
