package scan

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"
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
		tree, err := Scan(context.Background(), []Root{{Path: dir}}, Options{Walkers: walkers})
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
}

func TestStampOf(t *testing.T) {
	seen := map[Stamp]bool{}
	for mtime := range int64(50) {
		for ctime := range int64(50) {
			s := StampOf(1e18+mtime, 1e18+ctime)
			if seen[s] {
				t.Fatalf("%d, %d: %x again", mtime, ctime, s)
			}
			seen[s] = true
		}
	}
}

func TestStampAge(t *testing.T) {
	now := time.Unix(1_800_000_000, 5)
	for _, c := range []struct {
		ago  time.Duration
		want bool
	}{
		{0, true}, {9 * time.Minute, true}, {10 * time.Minute, true}, {11 * time.Minute, false},
		{time.Hour, false}, {100 * 24 * time.Hour, false}, {4000 * 24 * time.Hour, false},
		{-9 * time.Minute, true}, {-time.Hour, false},
	} {
		ctime := now.Add(-c.ago).UnixNano()
		if got := StampOf(7, ctime).MayBeYounger(10*time.Minute, now); got != c.want {
			t.Errorf("changed %v ago: younger than ten minutes: %v", c.ago, got)
		}
	}
}
