package dedupe

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/scan"
)

// TestManyLinks: a link that is given twice is taken once, and many take no more work each
// than few.
func TestManyLinks(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "file", "content", 100)
	path := filepath.Join(dir, "link")
	check(t, os.Symlink("file", path))
	took := func(n int) time.Duration {
		given := []string{path, path}
		for i := range n {
			given = append(given, fmt.Sprint(dir, "/none/", i))
		}
		var s Split
		start := busyTime(t)
		s.AddLinks(t.TempDir(), given, nil)
		if s.Len() != n+1 || len(s.Needs) != 1 || s.Needs[0].Names != 1 {
			t.Errorf("%d links of %d, %+v", s.Len(), n+1, s.Needs)
		}
		return busyTime(t) - start
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	took(1000) // once for what is only slow the first time
	if few, many := took(1000), took(100_000); many > 10*100*few {
		t.Errorf("%v for 1000 links, %v for 100,000", few, many)
	}
}

// busyTime is how long this thread has been at work: unlike the clock it knows nothing of what
// else the machine does.
func busyTime(t *testing.T) time.Duration {
	t.Helper()
	var use unix.Rusage
	check(t, unix.Getrusage(unix.RUSAGE_THREAD, &use))
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// TestSplitOfVanished: the names of an inode are parted though the first one has gone since
// the scan.
func TestSplitOfVanished(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	put(t, dir, "1", "content", 100, "2", "3")
	tree, err := scan.Scan(t.Context(), []scan.Root{{Path: dir}}, scan.Options{})
	check(t, err)
	defer tree.Close()
	check(t, os.Remove(filepath.Join(dir, "1")))
	s := NewSplit(tree)
	w, err := journal.Create(state, journal.Begin{Version: journal.Version, Run: testRun, Kind: journal.KindSplit})
	check(t, err)
	_, err = s.Run(t.Context(), w, "0123abcd", nil)
	check(t, err)
	check(t, w.Close())
	if statOf(t, dir, "2").Ino == statOf(t, dir, "3").Ino {
		t.Error("they share an inode still")
	}
}

// TestSplitOfGoneDirectory: a directory that has gone since the scan is told as one, whatever of
// it was to be parted.
func TestSplitOfGoneDirectory(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	put(t, dir, "d/1", "content", 100, "d/2", "3")
	check(t, os.Symlink("1", filepath.Join(dir, "d/link")))
	tree, err := scan.Scan(t.Context(), []scan.Root{{Path: dir}}, scan.Options{})
	check(t, err)
	defer tree.Close()
	s := NewSplit(tree)
	s.AddLinks(state, []string{filepath.Join(dir, "d/link")}, nil)
	s.blocks = []scan.Name{s.names[len(s.names)-1]} // d/1
	check(t, os.Rename(filepath.Join(dir, "d"), filepath.Join(dir, "away")))
	w, err := journal.Create(state, journal.Begin{Version: journal.Version, Run: testRun, Kind: journal.KindSplit})
	check(t, err)
	told := 0
	_, err = s.Run(t.Context(), w, "0123abcd", func(o UndoOutcome) {
		if told++; filepath.Base(string(o.Path)) != "3" && (o.Kind != Skipped || o.Reason != ReasonDirGone) {
			t.Errorf("%+v", o)
		}
	})
	check(t, err)
	check(t, w.Close())
	if told != 4 {
		t.Errorf("%d paths told", told)
	}
}

// TestInBatches: all are taken in order, and none after an error or the end of ctx.
func TestInBatches(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	list := make([]int, 2*lastBatch+1)
	for i := range list {
		list[i] = i
	}
	all, left := slices.Clone(list), slices.Clone(list)
	var got []int
	check(t, inBatches(ctx, &left, func(b []int) error { got = append(got, b...); return nil }))
	if !slices.Equal(got, all) {
		t.Errorf("%d of %d", len(got), len(all))
	}
	left = slices.Clone(list)
	if err := inBatches(ctx, &left, func([]int) error { return os.ErrInvalid }); err != os.ErrInvalid || len(left) != len(all)-lastBatch {
		t.Errorf("%v, %d left", err, len(left))
	}
	left = slices.Clone(list)
	if err := inBatches(ctx, &left, func([]int) error { cancel(); return nil }); err != context.Canceled || len(left) != len(all)-lastBatch {
		t.Errorf("%v, %d left", err, len(left))
	}
}

// TestAnnounceTellsOnce: a journal that fails is told of once.
func TestAnnounceTellsOnce(t *testing.T) {
	begin := journal.Begin{Version: journal.Version, Run: testRun, Kind: journal.KindDedupe}
	state := t.TempDir()
	past, err := journal.Create(state, begin)
	check(t, err)
	for i := range int64(2 * lastBatch) {
		past.Append(
			journal.Record{Set: &journal.Set{Digest: fmt.Sprint(i), Path: "/none/kept"}}, journal.Record{Old: &journal.Old{}},
			journal.Record{Replace: &journal.Replace{Seq: i, Path: "/none/copy"}})
	}
	check(t, past.Close())
	now, err := journal.Create(t.TempDir(), begin)
	check(t, err)
	check(t, now.Close()) // and so nothing can be written to it
	tk := newTaker(now, UndoOptions{})
	tk.undo = planUndo(t, state)
	if err := tk.run(t.Context()); err == nil || strings.Count(err.Error(), "\n") != 0 {
		t.Errorf("told %q", err)
	}
}
