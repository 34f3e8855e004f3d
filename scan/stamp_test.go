package scan

import (
	"context"
	"fmt"
	"os"
	"testing"
)

// TestStamps fills several chunks, so that names are moved when the walkers'
// rests are put together, and compares every stamp with the file's own times.
func TestStamps(t *testing.T) {
	dir := t.TempDir()
	for i := range 2*chunkLen + 100 {
		if i%200 == 0 {
			if err := os.Mkdir(fmt.Sprintf("%s/%d", dir, i/200), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(fmt.Sprintf("%s/%d/%d", dir, i/200, i), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, walkers := range []int{1, 3} {
		tree, err := Scan(context.Background(), []Root{{Path: dir}}, Options{Stamps: true, Walkers: walkers})
		if err != nil {
			t.Fatal(err)
		}
		defer tree.Close()
		for n := range Name(tree.Len()) {
			st, err := StatAt(-1, tree.Path(n))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := tree.Stamp(n), StampOf(st.Mtime, st.Ctime); got != want {
				t.Fatalf("%d walkers: %s: %x, want %x", walkers, tree.Path(n), got, want)
			}
		}
	}
	tree, err := Scan(context.Background(), []Root{{Path: dir}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	if tree.Stamp(0) != 0 {
		t.Error("stamps that nobody asked for")
	}
}

func TestStampOf(t *testing.T) {
	seen := map[uint64]bool{}
	for mtime := range int64(50) {
		for ctime := range int64(50) {
			s := StampOf(1e18+mtime, 1e18+ctime)
			if seen[s] || s == 0 {
				t.Fatalf("%d, %d: %x again", mtime, ctime, s)
			}
			seen[s] = true
		}
	}
}
