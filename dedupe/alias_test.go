package dedupe

import (
	"testing"
	"time"

	"github.com/oneinode/oneinode/scan"
)

// TestIsAlias: a name that no journal explains goes only while its inode has another
// one in the tree, and has been at rest.
func TestIsAlias(t *testing.T) {
	clock := time.Unix(1_000_000_000, 0)
	id := scan.ID{Dev: 1, Ino: 2}
	for name, c := range map[string]struct {
		change func(c *cleaner, now *scan.Stat)
		want   bool
	}{
		"as met":                  {func(*cleaner, *scan.Stat) {}, true},
		"just old enough":         {func(_ *cleaner, now *scan.Stat) { now.Ctime = clock.Add(-settled).UnixNano() }, true},
		"young":                   {func(_ *cleaner, now *scan.Stat) { now.Ctime = clock.Add(1 - settled).UnixNano() }, false},
		"another inode by now":    {func(c *cleaner, now *scan.Stat) { now.Ino++; c.others[now.ID] = true }, false},
		"its other names gone":    {func(_ *cleaner, now *scan.Stat) { now.Links = 1 }, false},
		"its other names outside": {func(c *cleaner, _ *scan.Stat) { c.others[id] = false }, false},
	} {
		l := &scan.Leftover{Stat: scan.Stat{ID: id}}
		cl := &cleaner{others: map[scan.ID]bool{id: true}}
		now := scan.Stat{ID: id, Links: 2, Ctime: clock.Add(-time.Hour).UnixNano()}
		if c.change(cl, &now); cl.isAlias(&now, l, clock.Add(-settled)) != c.want {
			t.Errorf("%s: %v, want %v", name, !c.want, c.want)
		}
	}
}
