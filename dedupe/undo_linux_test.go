package dedupe

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// linkAll links what is equal under dir, and keeps a journal.
func linkAll(t *testing.T, dir, state string, policy Policy) ApplyTotals {
	t.Helper()
	tree, err := scan.Scan(t.Context(), []scan.Root{{Path: dir}}, scan.Options{})
	check(t, err)
	defer tree.Close()
	res, err := hash.Find(t.Context(), tree, hash.Options{Digests: true})
	check(t, err)
	w, err := journal.Create(state, journal.Begin{
		Version: journal.Version, Run: testRun, Kind: journal.KindDedupe, Roots: []journal.Path{journal.Path(dir)},
	})
	check(t, err)
	totals, err := Apply(t.Context(), NewPlan(res, policy, nil), ApplyOptions{Journal: w, Run: "0123abcd"})
	check(t, err)
	check(t, w.Close())
	return totals
}

// planUndo reads the journal of linkAll.
func planUndo(t *testing.T, state string) *Undo {
	t.Helper()
	j, err := journal.Find(state, testRun)
	check(t, err)
	u, err := NewUndo(j)
	check(t, err)
	return u
}

func inodeOf(t *testing.T, dir, name string) uint64 {
	t.Helper()
	now, err := scan.StatAt(unix.AT_FDCWD, filepath.Join(dir, name))
	check(t, err)
	return now.Ino
}

// TestTwoUndos: of two undos that read the journal together, the second finds what
// the first one has done.
func TestTwoUndos(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	for i := range 3 {
		put(t, dir, fmt.Sprint(i), "same", int64(100+i))
	}
	linkAll(t, dir, state, Policy{})
	j, err := journal.Find(state, testRun)
	check(t, err)
	f, err := os.OpenFile(j.Path(), os.O_APPEND|os.O_WRONLY, 0)
	check(t, err)
	_, err = f.WriteString("1234abcd {\"do") // torn
	check(t, err)
	check(t, f.Close())
	first, second := planUndo(t, state), planUndo(t, state)
	for i, u := range []*Undo{first, second} {
		totals, err := u.Run(t.Context(), UndoOptions{})
		check(t, err)
		if want := int64(2 - 2*i); totals.Restored != want || totals.Left != 0 {
			t.Errorf("undo %d: %+v, want %d restored and none left", i, totals, want)
		}
	}
	if j, err = journal.Find(state, testRun); err != nil || j.Info.Undone != 2 {
		t.Errorf("%d undone, %v", j.Info.Undone, err)
	}
}
