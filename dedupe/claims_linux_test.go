package dedupe

import (
	"testing"

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
