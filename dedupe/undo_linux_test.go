package dedupe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// linkAll links what is equal under dir, and keeps a journal.
func linkAll(t *testing.T, dir, state string, policy decide.Policy, opts ApplyOptions) ApplyTotals {
	t.Helper()
	return linkAs(t, journal.Begin{Run: testRun}, dir, state, policy, opts)
}

func linkAs(t *testing.T, begin journal.Begin, dir, state string, policy decide.Policy, opts ApplyOptions) ApplyTotals {
	t.Helper()
	res := find(t, dir, scan.Root{})
	begin.Version, begin.Kind, begin.Roots = journal.Version, journal.KindDedupe, []journal.Path{journal.Path(dir)}
	w, err := journal.Create(state, begin)
	check(t, err)
	opts.Journal, opts.Run = w, "0123abcd"
	totals, err := Apply(t.Context(), planOf(res, policy, nil), opts)
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

// TestTwoUndos: of two undos that read the journal together, the second finds what
// the first one has done.
func TestTwoUndos(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	for i := range 3 {
		put(t, dir, fmt.Sprint(i), "same", int64(100+i))
	}
	linkAll(t, dir, state, decide.Policy{}, ApplyOptions{})
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

// TestUndoStoppedLate: a signal that comes when the last name has its copy stops nothing, else who
// starts the undo again takes back the run before; one that comes earlier does.
func TestUndoStoppedLate(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	for i := range 4 {
		put(t, dir, fmt.Sprint(i), "same", int64(100+i))
	}
	linkAll(t, dir, state, decide.Policy{}, ApplyOptions{})
	for _, c := range []struct {
		after int64 // names
		err   error
	}{{1, context.Canceled}, {2, nil}} {
		ctx, stop := context.WithCancel(t.Context())
		told := int64(0)
		totals, err := planUndo(t, state).Run(ctx, UndoOptions{OnPath: func(UndoOutcome) {
			if told++; told == c.after {
				stop()
			}
		}})
		if err != c.err || totals.Restored != c.after {
			t.Errorf("stopped after %d: %+v, %v; want %v", c.after, totals, err, c.err)
		}
	}
}

// TestUndoOfKilledFails: what an undo of a killed run could not take back is still to be
// taken back, however often it tried, also where other names of that run needed nothing.
func TestUndoOfKilledFails(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	for i, content := range []string{"one of them", "another", "the third"} {
		put(t, dir, fmt.Sprint("a/", i), content, 100)
		put(t, dir, fmt.Sprintf("b%d/f", i), content, 200)
	}
	linkAll(t, dir, state, decide.Policy{}, ApplyOptions{})
	loseEnd(t, state)
	check(t, os.Remove(filepath.Join(dir, "b0/f")))
	writer := holdOpen(t, filepath.Join(dir, "b1/f"))
	for range 2 {
		_, err := planUndo(t, state).Run(t.Context(), UndoOptions{})
		check(t, err)
		if _, err := journal.FindLast(state); err != nil {
			t.Fatalf("there is a name to take back: %v", err)
		}
	}
	check(t, writer.Close())
	if totals, err := planUndo(t, state).Run(t.Context(), UndoOptions{}); err != nil || totals.Restored != 1 {
		t.Errorf("%+v, want 1 restored: %v", totals, err)
	}
	if j, err := journal.Find(state, testRun); err != nil || !j.Info.TakenBack() {
		t.Errorf("all is taken back: %+v, %v", j.Info, err)
	}
}

// holdOpen keeps a file from an undo until it is closed.
func holdOpen(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	check(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

// TestUndoOfGone: of names that are gone with their directory an undo tells, and that is all: the
// run counts as undone. Where one comes back it can be taken back all the same.
func TestUndoOfGone(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	for i, content := range []string{"one of them", "another", "the third"} {
		put(t, dir, fmt.Sprint("a/", i), content, 100)
		put(t, dir, fmt.Sprintf("b%d/f", i), content, 200)
	}
	linkAll(t, dir, state, decide.Policy{Keep: decide.KeepOldest}, ApplyOptions{})
	kept, away := filepath.Join(dir, "b2"), filepath.Join(dir, "away")
	check(t, os.Rename(kept, away))
	check(t, os.RemoveAll(filepath.Join(dir, "b0")))
	check(t, os.Rename(filepath.Join(dir, "b1"), filepath.Join(dir, "old")))
	put(t, dir, "b1/f", "one of today", 300)
	totals, err := planUndo(t, state).Run(t.Context(), UndoOptions{OnPath: func(o UndoOutcome) {
		if o.Reason != ReasonDirGone {
			t.Errorf("%+v", o)
		}
	}})
	if want := (UndoTotals{Left: 3, Joined: 3}); err != nil || totals != want {
		t.Errorf("%+v, %v, want %+v", totals, err, want)
	}
	if _, err := journal.FindLast(state); !errors.Is(err, journal.ErrNoRun) {
		t.Errorf("nothing is left to take back: %v", err)
	}
	check(t, os.Rename(away, kept))
	if totals, err := planUndo(t, state).Run(t.Context(), UndoOptions{}); err != nil || totals.Restored != 1 {
		t.Errorf("%+v, %v, want 1 restored", totals, err)
	}
}

// TestUndoOfUnmounted: names are not gone where their filesystem is not there, nor where another
// one is in its place.
func TestUndoOfUnmounted(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	w := begun(t, state, dir)
	w.Append(journal.Record{Set: &journal.Set{Keeper: 1, Digest: "blake3:" + strings.Repeat("0", 64)}})
	for i, path := range []string{"f", "below/f"} {
		w.Append(journal.Record{Old: &journal.Old{Inode: 1}},
			journal.Record{Replace: &journal.Replace{Seq: int64(i), Path: journal.Path(filepath.Join(dir, path)), DirDev: statOf(t, dir).Dev + 1, DirInode: 1}},
			journal.Record{Done: &journal.Done{Seq: int64(i)}})
	}
	check(t, w.Close())
	_, err := planUndo(t, state).Run(t.Context(), UndoOptions{OnPath: func(o UndoOutcome) {
		if o.Reason != ReasonDirAway {
			t.Errorf("%+v", o)
		}
	}})
	check(t, err)
	if _, err := journal.FindLast(state); err != nil {
		t.Errorf("it may be mounted again: %v", err)
	}
	err = planUndo(t, state).Verify(t.Context(), func(c Checked) {
		if c.Gone || !c.Away || len(c.Paths) != 1 || c.Names != 2 {
			t.Errorf("verify: %+v", c)
		}
	})
	check(t, err)
}

// TestUndoOfGoneAfterRestart: where devices have other numbers than in the run, a name that is
// left tells which filesystem is there, and so that the directory of another one is gone.
func TestUndoOfGoneAfterRestart(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	put(t, dir, "kept", "same", 100)
	check(t, os.Link(filepath.Join(dir, "kept"), filepath.Join(dir, "copy")))
	w := begun(t, state, dir)
	kept, top := statOf(t, dir, "kept"), statOf(t, dir)
	f, err := os.Open(filepath.Join(dir, "kept"))
	check(t, err)
	defer f.Close()
	digest, err := hash.Sum(t.Context(), int(f.Fd()), kept.Size)
	check(t, err)
	w.Append(journal.Record{Set: &journal.Set{Keeper: kept.Ino, Size: kept.Size, Digest: digest.String()}})
	for i, path := range []string{"gone/f", "copy"} {
		w.Append(journal.Record{Old: &journal.Old{Inode: 1, UID: kept.UID, GID: kept.GID, Mode: 0o644}},
			journal.Record{Replace: &journal.Replace{
				Seq: int64(i), Path: journal.Path(filepath.Join(dir, path)), DirDev: top.Dev + 1, DirInode: top.Ino, Temporary: temporaryName(testRun),
			}},
			journal.Record{Done: &journal.Done{Seq: int64(i)}})
	}
	check(t, w.Close())
	u := planUndo(t, state)
	_, err = u.Needs()
	check(t, err)
	totals, err := u.Run(t.Context(), UndoOptions{OnPath: func(o UndoOutcome) {
		if o.Reason != "" && o.Reason != ReasonDirGone {
			t.Errorf("%+v", o)
		}
	}})
	if err != nil || totals.Restored != 1 || totals.Left != 1 {
		t.Errorf("%+v, %v", totals, err)
	}
	if _, err := journal.FindLast(state); !errors.Is(err, journal.ErrNoRun) {
		t.Errorf("nothing is left to take back: %v", err)
	}
}

// TestUndoCannotLook: a name that cannot be looked at is a failure, not one that has a copy
// of its own; one that is gone is no failure.
func TestUndoCannotLook(t *testing.T) {
	dir, err := unix.Open(t.TempDir(), unix.O_DIRECTORY, 0)
	check(t, err)
	defer unix.Close(dir)
	u, c := &Undo{}, &checker{undo: &Undo{}}
	in := func(path string) *pastName { return &pastName{Replace: journal.Replace{Path: journal.Path(path)}} }
	long := "/" + strings.Repeat("x", 256) + "/name" // ENAMETOOLONG, as any error that is not about what is there
	for _, want := range []struct {
		kind Kind
		dir  int
		path string
	}{{Failed, -1, long}, {Skipped, dir, "/not/here"}} {
		found := map[string]*refusal{}
		_, found["undo"] = (&separation{}).name(t.Context(), place{want.dir, "gone", "tmp", new(sync.Mutex)})
		_, found["undo -n"] = (&rehearsal{}).separate(t.Context(), want.dir, &separation{}, "gone")
		_, _, found["symbolic link"] = (&separation{target: "x"}).openThrough(want.dir, "gone")
		_, _, found["reflink"] = lookAtShared(want.dir, "gone", 1)
		_, found["directory"] = u.openDir(in(want.path))
		for name, r := range found {
			if r == nil || r.kind != want.kind || r.err == nil {
				t.Errorf("%s: %+v, want kind %v", name, r, want.kind)
			}
		}
		c.found = Checked{}
		c.name(t.Context(), in(want.path))
		_, ok, err := u.contentAt(t.Context(), journal.Path(want.path), 1, nil)
		if told := want.kind == Failed; (c.found.Err != nil) != told || len(c.found.Paths) > 0 != told || ok != told || (err != nil) != told {
			t.Errorf("verify: %+v, %v, %v, want it told: %v", c.found, ok, err, told)
		}
	}
}

// loseEnd makes the run look as if it was killed: its last record goes.
func loseEnd(t *testing.T, state string) {
	t.Helper()
	j, err := journal.Find(state, testRun)
	check(t, err)
	text, err := os.ReadFile(j.Path())
	check(t, err)
	check(t, os.WriteFile(j.Path(), text[:bytes.LastIndexByte(text[:len(text)-1], '\n')+1], 0o600))
}

// TestUnknownDirectory: a name is announced while its directory cannot be opened. It
// stays, for an undo would not find it; the next one in that directory does not.
func TestUnknownDirectory(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	for i, content := range []string{"one of them", "another"} {
		put(t, dir, fmt.Sprint("a/", i), content, 100)
		put(t, dir, fmt.Sprint("b/", i), content, 200)
	}
	res := find(t, dir, scan.Root{})
	plan := planOf(res, decide.Policy{}, nil)
	w := begun(t, state, dir)
	var out []Outcome
	a := newApplier(plan, ApplyOptions{Journal: w, Run: "0123abcd", OnOutcome: func(o Outcome) { out = append(out, o) }})
	defer a.opener.Close()
	jobs := allJobs(plan)
	check(t, os.Rename(filepath.Join(dir, "b"), filepath.Join(dir, "away")))
	a.announce(jobs[0])
	check(t, os.Rename(filepath.Join(dir, "away"), filepath.Join(dir, "b")))
	a.announce(jobs[1])
	for _, j := range jobs {
		a.do(t.Context(), j)
	}
	_, err := a.finish(nil)
	check(t, err)
	check(t, w.Close())
	if len(out) != 2 || out[0].Kind == Linked || out[0].Reason == "" || out[0].Err == nil || out[1].Kind != Linked {
		t.Errorf("%+v", out)
	}
	totals, err := planUndo(t, state).Run(t.Context(), UndoOptions{})
	check(t, err)
	for i := range 2 {
		if statOf(t, dir, fmt.Sprint("a/", i)).Ino == statOf(t, dir, fmt.Sprint("b/", i)).Ino {
			t.Errorf("pair %d is one inode after the undo: %+v", i, totals)
		}
	}
}

// TestFarTimes: a file whose mtime int64 cannot hold stays, and no such time is set.
func TestFarTimes(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	put(t, dir, "keeper", "same", 100)
	put(t, dir, "far", "same", 200)
	put(t, dir, "near", "same", 200)
	for _, path := range []string{filepath.Join(dir, "far"), dir} {
		setFarTimes(t, path)
	}
	if now := statOf(t, dir); !scan.IsFar(now.Mtime) {
		t.Skip("the filesystem has no such times")
	}
	if plan := planOf(find(t, dir, scan.Root{}), decide.Policy{}, nil).Totals(); plan.Replacements != 1 || plan.Limited[decide.ReasonFar] != 1 {
		t.Errorf("planned %+v, want one name, and one inode that stays", plan)
	}
	if totals := linkAll(t, dir, state, decide.Policy{}, ApplyOptions{}); totals.Linked != 1 || totals.Skipped != 0 {
		t.Errorf("%+v, want one linked, none tried", totals)
	}
	if now := statOf(t, dir, "far"); !scan.IsFar(now.Mtime) || now.Links != 1 {
		t.Errorf("the far file has %d links and an mtime of %d", now.Links, now.Mtime)
	}
	now := statOf(t, dir)
	if year := time.Unix(0, now.Mtime).Year(); year > 2100 && !scan.IsFar(now.Mtime) {
		t.Errorf("the directory was last changed in %d", year)
	}
}

// setFarTimes sets the times of a file to a day in 2378.
func setFarTimes(t *testing.T, path string) {
	t.Helper()
	out, err := exec.Command("touch", "--date", "@12884901888", path).CombinedOutput() // which is of 64 bits, if we are not
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// TestNarrow: that a kernel cannot set a time is a failure, and no reason of a mount.
func TestNarrow(t *testing.T) {
	if r := refused(kernel.ErrNarrow); r.kind != Failed || r.reason != ReasonSystem {
		t.Errorf("%v %q", r.kind, r.reason)
	}
}

// TestFarTimesLate: a file that gets such times after it was planned to go stays, too.
func TestFarTimesLate(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "keeper", "same", 100)
	put(t, dir, "far", "same", 200)
	plan := planOf(find(t, dir, scan.Root{Path: "."}), decide.Policy{}, nil)
	setFarTimes(t, filepath.Join(dir, "far"))
	w := begun(t, t.TempDir())
	var out []Outcome
	_, err := Apply(t.Context(), plan, ApplyOptions{Journal: w, Run: "0123abcd", OnOutcome: func(o Outcome) { out = append(out, o) }})
	check(t, err)
	if len(out) != 1 || out[0].Kind != Skipped || out[0].Reason != decide.ReasonFar {
		t.Errorf("%+v", out)
	}
}

// TestOpenRecordedUnlisted: where nobody may list a directory its files can be linked, as
// PATHs of their own, and so they can be taken back.
func TestOpenRecordedUnlisted(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "unlisted/below/file", "content", 100)
	roots := newRecordedRoots([]journal.Path{journal.Path(dir + "/unlisted/below/file")})
	for _, name := range []string{".", "..", "unlisted", "unlisted/below"} {
		check(t, os.Chmod(filepath.Join(dir, name), 0o711))
	}
	ordinary(t)
	if _, err := os.ReadDir(filepath.Join(dir, "unlisted")); err == nil {
		t.Skip("needs root: its owner may list it")
	}
	fd, err := openRecorded(&roots, filepath.Join(dir, "unlisted/below"))
	check(t, err)
	defer kernel.Close(fd)
	_, err = scan.StatAtNow(fd, "file")
	check(t, err)
}

// TestUndoOfStoppedFails: what an undo of a run that was stopped could not take back is still
// to be taken back, though the names that the run never came to need nothing.
func TestUndoOfStoppedFails(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	for i := range 4 {
		put(t, dir, fmt.Sprint("a/", i), fmt.Sprint("content ", i), 100)
		put(t, dir, fmt.Sprintf("b%d/f", i), fmt.Sprint("content ", i), 200)
	}
	ctx, stop := context.WithCancel(t.Context())
	var linked string
	w, err := journal.Create(state, journal.Begin{Version: journal.Version, Kind: journal.KindDedupe, Run: testRun, Roots: []journal.Path{journal.Path(dir)}})
	check(t, err)
	totals, err := Apply(ctx, planOf(find(t, dir, scan.Root{}), decide.Policy{}, nil), ApplyOptions{
		Journal: w, Run: "0123abcd", Workers: 1, OnOutcome: func(o Outcome) { stop(); linked = o.Path }})
	check(t, w.Close())
	if err == nil || totals.Linked != 1 {
		t.Fatalf("%+v, %v: the run was not stopped", totals, err)
	}
	writer := holdOpen(t, linked)
	_, err = planUndo(t, state).Run(t.Context(), UndoOptions{})
	check(t, err)
	if _, err := journal.FindLast(state); err != nil {
		t.Fatalf("there is a name to take back: %v", err)
	}
	check(t, writer.Close())
	if totals, err := planUndo(t, state).Run(t.Context(), UndoOptions{}); err != nil || totals.Restored != 1 || totals.Left != 0 {
		t.Errorf("%+v, want 1 restored: %v", totals, err)
	}
}

// TestUndoAgain: a path that has a copy of its own which looks like the old file is not told
// as given back, however often the run is undone.
func TestUndoAgain(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	put(t, dir, "kept", "same", 100)
	put(t, dir, "copy", "same", 200)
	linkAll(t, dir, state, decide.Policy{Keep: decide.KeepOldest}, ApplyOptions{})
	check(t, os.Remove(filepath.Join(dir, "copy")))
	put(t, dir, "copy", "same", 200)
	for i := range 2 {
		if totals, err := planUndo(t, state).Run(t.Context(), UndoOptions{}); err != nil || totals.Restored != 0 || totals.Left != 1 {
			t.Errorf("undo %d: %+v, want 1 left: %v", i, totals, err)
		}
	}
}
