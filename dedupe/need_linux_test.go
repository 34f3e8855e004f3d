package dedupe

import (
	"os"
	"path/filepath"
	"testing"
)

// TestNeedsCountOnce: several names of one old inode get one copy, and a name that is no
// longer what the run made of it gets none.
func TestNeedsCountOnce(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	put(t, dir, "a", "same", 100)
	put(t, dir, "b", "same", 200, "b2", "b3")
	put(t, dir, "c", "same", 300)
	linkAll(t, dir, state, Policy{Keep: KeepOldest}, ApplyOptions{})
	check(t, os.Remove(filepath.Join(dir, "c")))
	needs, err := planUndo(t, state).Needs()
	check(t, err)
	want := statOf(t, filepath.Join(dir, "a")).Allocated
	if want == 0 {
		t.Skip("so small a file takes no block here")
	}
	if len(needs) != 1 || needs[0].Names != 3 || needs[0].Bytes != want {
		t.Errorf("%+v, want 3 names and %d bytes", needs, want)
	}
}
