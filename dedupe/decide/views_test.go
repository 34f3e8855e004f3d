package decide

import (
	"testing"

	"github.com/oneinode/oneinode/scan"
)

// TestViewed: what FUSE shows of a file neither goes nor is kept, though it is the oldest: a
// symbolic link from the file to it would lead to itself.
func TestViewed(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"pool/a", "branch/a", "branch/b"} {
		put(t, dir, name, "the same in all of them, and long enough for a symbolic link to be shorter", int64(i))
	}
	res := find(t, dir, scan.Root{Path: "."})
	layouts := &Layouts{Viewed: map[scan.Name]bool{}}
	for _, m := range res.Sets[0].Members {
		layouts.Viewed[m.Name] = res.Tree.Path(m.Name) == dir+"/pool/a"
	}
	for _, policy := range []Policy{{}, symbolic} {
		sp := decide(res, &res.Sets[0], policy, layouts, new(room))
		pool := &sp.Inodes[indexOf(t, res, &sp, dir+"/pool/a")]
		branch := &sp.Inodes[indexOf(t, res, &sp, dir+"/branch/a")]
		if pool.Action != ActHold || pool.Reason != HoldView || branch.Action != ActKeep {
			t.Errorf("%v: %v %q in the pool, %v in the branch", policy.Link, pool.Action, pool.Reason, branch.Action)
		}
	}
}
