package dedupe

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/scan"
)

// TestRest: a program has written its new file and renames it over the old, equal one in a
// moment. That must not do nothing, as it does between two names of one file.
func TestRest(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "song", "same", 100)
	put(t, dir, "song.new", "same", 200)
	a, _ := announced(t, dir, ApplyOptions{Rest: time.Hour})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan ApplyTotals)
	go func() {
		totals, _ := Apply(ctx, a.plan, a.opts)
		ended <- totals
	}()
	time.Sleep(200 * time.Millisecond) // more than it takes to link them
	fresh := statOf(t, dir, "song.new").ID
	check(t, os.Rename(filepath.Join(dir, "song.new"), filepath.Join(dir, "song")))
	stop()
	if totals := <-ended; totals.Linked != 0 {
		t.Errorf("%+v", totals)
	}
	if _, err := os.Lstat(filepath.Join(dir, "song.new")); err == nil || statOf(t, dir, "song").ID != fresh {
		t.Error("the rename did nothing")
	}
}

// TestUnrested: of the inodes the youngest counts, keeper or not.
func TestUnrested(t *testing.T) {
	now := time.Unix(1000, 0)
	aged := func(age time.Duration) *jobInode {
		return &jobInode{InodePlan: &decide.InodePlan{Facts: scan.Facts{Ctime: now.Add(-age).UnixNano()}}}
	}
	for _, c := range []struct {
		keeper, victim time.Duration
		link           decide.Link
		want           time.Duration
	}{
		{time.Hour, time.Hour, decide.LinkHard, 0},
		{time.Second, time.Hour, decide.LinkHard, 0},
		{time.Hour, 300 * time.Millisecond, decide.LinkHard, 700 * time.Millisecond},
		{100 * time.Millisecond, 300 * time.Millisecond, decide.LinkHard, 900 * time.Millisecond},
		{0, time.Hour, decide.LinkSymlink, time.Second},
		{-time.Minute, time.Hour, decide.LinkHard, 0},
		{0, 0, decide.LinkReflink, 0},
	} {
		j := &job{link: c.link, keeper: aged(c.keeper), victims: []*jobInode{aged(time.Hour), aged(c.victim)}}
		if got := j.unrested(time.Second, now); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
