package dedupe

import (
	"testing"
	"time"

	"github.com/oneinode/oneinode/scan"
)

// TestUnchanged: all that a change of content, owner or mode moves counts, and the ctime
// alone as well: a writer can put the mtime back, not the ctime.
func TestUnchanged(t *testing.T) {
	was := scan.Stat{ID: scan.ID{Dev: 1, Ino: 2}, Size: 3, Mode: 0o100644, UID: 4, GID: 5, Links: 1, Mtime: 6, Ctime: 7}
	for name, change := range map[string]func(*scan.Stat){
		"device": func(s *scan.Stat) { s.Dev++ }, "inode": func(s *scan.Stat) { s.Ino++ },
		"size": func(s *scan.Stat) { s.Size++ }, "mtime": func(s *scan.Stat) { s.Mtime++ }, "ctime": func(s *scan.Stat) { s.Ctime++ },
		"mode": func(s *scan.Stat) { s.Mode ^= 0o200 }, "owner": func(s *scan.Stat) { s.UID++ }, "group": func(s *scan.Stat) { s.GID++ },
	} {
		now := was
		if change(&now); unchanged(&now, &was) {
			t.Errorf("another %s is no change", name)
		}
	}
	now := was
	now.Links++
	if !unchanged(&now, &was) {
		t.Error("the link count is a change; its ctime tells")
	}
}

// TestBarrierCovers: what changed within the margin before the flush, or lies where that
// failed, is not covered.
func TestBarrierCovers(t *testing.T) {
	b := Barrier{at: 1000, flushed: map[scan.Domain]bool{0: true, 1: false}}
	for _, c := range []struct {
		domain scan.Domain
		ctime  int64
		want   bool
	}{{0, 999, true}, {0, 1000, false}, {0, 1001, false}, {1, 999, false}, {2, 999, false}} {
		if got := b.covers(c.domain, c.ctime); got != c.want {
			t.Errorf("domain %d, ctime %d: %v", c.domain, c.ctime, got)
		}
	}
	dir := t.TempDir()
	put(t, dir, "file", "content", 1)
	if b := Settle(find(t, dir, scan.Root{}).Tree); b.at > time.Now().Add(-clockMargin).UnixNano() {
		t.Error("the margin is left out")
	}
}
