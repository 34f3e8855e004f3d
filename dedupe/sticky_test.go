package dedupe

import (
	"testing"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/scan"
)

// TestMayRemove: who may remove a name from a sticky directory.
func TestMayRemove(t *testing.T) {
	const me, other, nobody = 1000, 2000, 65534
	user, root := identity{uid: me}, identity{uid: 0, fowner: true}
	contained := identity{uid: 0, fowner: true, unmapped: decide.Unmapped{UID: nobody, GID: nobody}} // root of a user namespace
	for _, c := range []struct {
		who           identity
		dir, uid, gid uint32
		want          bool
	}{
		{user, other, me, me, true},
		{user, me, other, other, true},
		{user, other, other, other, false},
		{user, 0, 0, 0, false},
		{root, other, me, me, true},
		{contained, nobody, me, me, true},
		{contained, nobody, nobody, me, false},
		{contained, nobody, me, nobody, false},
		{contained, 0, nobody, nobody, true},
	} {
		if got := c.who.mayRemove(&scan.Stat{UID: c.dir}, &scan.Stat{UID: c.uid, GID: c.gid}); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
