package dedupe

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/journal"
)

// TestConcede: a later run has a name by whatever path it came to it, but not by one of a
// snapshot, which has the same inode numbers.
func TestConcede(t *testing.T) {
	ours := journal.Replace{Path: "/a/x", DirDev: 1, DirInode: 2}
	for theirs, want := range map[journal.Replace]bool{
		ours:                                          true,
		{Path: "/way/x", DirDev: 1, DirInode: 2}:      true,
		{Path: "/a/x", DirDev: 9, DirInode: 2}:        true, // after a restart
		{Path: "/snapshot/x", DirDev: 9, DirInode: 2}: false,
		{Path: "/a/y", DirDev: 1, DirInode: 2}:        false,
		{Path: "/b/x", DirDev: 1, DirInode: 3}:        false,
	} {
		u, n := Undo{claims: claims{}}, pastName{Replace: ours, keeper: keepers{7}}
		u.claims.note(&theirs, 7)
		if u.concede(&n); len(n.own()) == 0 != want {
			t.Errorf("%+v: conceded %v", theirs, !want)
		}
	}
}

// TestConcedeLate: what a later run did while the undo waited for its locks counts, too.
func TestConcedeLate(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	put(t, dir, "a", "same", 100)
	put(t, dir, "b", "same", 200)
	linkAll(t, dir, state, decide.Policy{}, ApplyOptions{})
	u := planUndo(t, state)
	check(t, os.Remove(filepath.Join(dir, "b")))
	put(t, dir, "b", "same", 300)
	later := journal.Begin{Run: "20260102T000000Z-0123abcd", Started: time.Unix(1, 0)}
	linkAs(t, later, dir, state, decide.Policy{}, ApplyOptions{})
	totals, err := u.Run(t.Context(), UndoOptions{})
	if err != nil || totals.Restored != 0 || statOf(t, dir, "a").Ino != statOf(t, dir, "b").Ino {
		t.Errorf("%+v: %v", totals, err)
	}
	if j, err := journal.Find(state, testRun); err != nil || j.Info.TakenBack() {
		t.Errorf("the name is still to be taken back once the later run is: %+v, %v", j.Info, err)
	}
}
