package dedupe

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/hash/extents"
	"github.com/oneinode/oneinode/scan"
)

// TestKeepsRights: a write would take set-id bits and capabilities away, so such files are
// not written to.
func TestKeepsRights(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	check(t, os.WriteFile(path, []byte("content"), 0o755))
	f, err := os.Open(path)
	check(t, err)
	defer f.Close()
	for mode, want := range map[uint32]string{0o755: "", unix.S_ISVTX | 0o755: "", unix.S_ISUID | 0o755: ReasonRights, unix.S_ISGID | 0o755: ReasonRights} {
		r := keepsRights(int(f.Fd()), &scan.Stat{Mode: unix.S_IFREG | mode})
		if got := reasonOf(r); got != want {
			t.Errorf("mode %o: %q, want %q", mode, got, want)
		}
	}
	// cap_net_raw+p (capability.h, revision 2)
	if err := unix.Setxattr(path, "security.capability", []byte{0, 0, 0, 2, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0); err != nil {
		t.Skip("no capabilities here: ", err)
	}
	if got := reasonOf(keepsRights(int(f.Fd()), &scan.Stat{Mode: unix.S_IFREG | 0o755})); got != ReasonRights {
		t.Errorf("with a capability: %q", got)
	}
}

// TestRewriteYields: nothing is written over a file that somebody waits for, be it only to
// read it.
func TestRewriteYields(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	put(t, filepath.Dir(path), "file", "content", 100)
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	check(t, err)
	defer kernel.Close(fd)
	if kernel.TakeWriteLease(fd) != kernel.LeaseHeld {
		t.Skip("no leases here")
	}
	before, err := scan.FStat(fd)
	check(t, err)
	if other, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0); err != unix.EWOULDBLOCK {
		unix.Close(other)
		t.Fatalf("%v, want a lease in the way", err)
	}
	err = kernel.Rewrite(fd, 0, before.Size, (&unsharing{fd: fd}).unbroken)
	if now, _ := scan.FStat(fd); err != errKnock || now.Mtime != before.Mtime {
		t.Errorf("%v, mtime %d, was %d", err, now.Mtime, before.Mtime)
	}
}

func reasonOf(r *refusal) string {
	if r == nil {
		return ""
	}
	return r.reason
}

// TestUnshareStopped: after a signal no further file is looked at, nor told of.
func TestUnshareStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	tk := &taker{undo: &Undo{}, opts: UndoOptions{OnPath: func(o UndoOutcome) { t.Errorf("told %+v", o) }}}
	tk.takeAll(ctx, []*past{&past{set: &journal.Set{Link: "reflink"}, names: []*pastName{{Replace: journal.Replace{Path: "/not/here"}}}}})
}

// TestUnshareReplaced: a file that was removed or replaced since it came to share blocks needs
// nothing; one that had a further name may share them still, and is told. Either way nothing can be
// done, and the run counts as undone.
func TestUnshareReplaced(t *testing.T) {
	for links, want := range map[uint32]UndoTotals{1: {Left: 2}, 2: {Left: 2, Joined: 2}} {
		dir, state := t.TempDir(), t.TempDir()
		put(t, dir, "replaced", "same", 100)
		w := begun(t, state, dir)
		w.Append(journal.Record{Set: &journal.Set{Size: 4, Keeper: 1, Link: "reflink"}})
		for i, base := range []string{"replaced", "removed"} {
			seq := int64(i + 1)
			w.Append(journal.Record{Old: &journal.Old{Inode: 1, Links: links}},
				journal.Record{Replace: &journal.Replace{Seq: seq, Path: journal.Path(filepath.Join(dir, base)), DirInode: statOf(t, dir, ".").Ino}},
				journal.Record{Done: &journal.Done{Seq: seq}})
		}
		check(t, w.Close())
		for range 2 {
			got, err := planUndo(t, state).Run(t.Context(), UndoOptions{})
			if check(t, err); got != want {
				t.Errorf("%d names: %+v, want %+v", links, got, want)
			}
		}
		if j, err := journal.Find(state, testRun); err != nil || !j.Info.TakenBack() {
			t.Errorf("%d names: not taken back, %v", links, err)
		}
	}
}

// TestMtimeBefore: the mtime of a write that gave a file its old blocks back is none of the
// user's. One that somebody has set since stays, and so does that of an edit, and of a file an undo has
// told of.
func TestMtimeBefore(t *testing.T) {
	path := t.TempDir()
	put(t, path, "written", "same", 100)
	put(t, path, "set", "same", 300)
	check(t, os.WriteFile(filepath.Join(path, "written"), []byte("same"), 0o644)) // mtime and ctime move
	put(t, path, "edited", "same", 100)
	check(t, os.WriteFile(filepath.Join(path, "edited"), []byte("else"), 0o644))
	put(t, path, "touched", "same", 100)
	now := unix.Timespec{Nsec: unix.UTIME_NOW}
	check(t, unix.UtimesNanoAt(unix.AT_FDCWD, filepath.Join(path, "touched"), []unix.Timespec{now, now}, 0))
	dir, err := unix.Open(path, unix.O_DIRECTORY, 0)
	check(t, err)
	defer unix.Close(dir)
	f, err := os.Open(filepath.Join(path, "set"))
	check(t, err)
	defer f.Close()
	digest, err := hash.Sum(t.Context(), int(f.Fd()), 4)
	check(t, err)
	p := &past{set: &journal.Set{Size: 4, Digest: digest.String()}, old: &journal.Old{Mtime: 7}}
	told := []journal.Record{{Undo: &journal.Undo{Seq: 1}}, {Undo: &journal.Undo{Seq: 2}}, {Undone: &journal.Undone{Seq: 2, Reason: ReasonInUse}}}
	state := t.TempDir()
	w := begun(t, state, path)
	w.Append(told...)
	check(t, w.Close())
	u := planUndo(t, state)
	for _, c := range []struct {
		base    string
		seq     int64
		stopped bool
	}{{"written", 1, true}, {"set", 1, false}, {"touched", 1, false}, {"edited", 1, false}, {"written", 2, false}} {
		now := statOf(t, path, c.base)
		mtime, stopped := mtimeBefore(t.Context(), dir, c.base, p, &pastName{fate: *u.fates[c.seq]}, &now)
		if want := map[bool]int64{true: 7, false: now.Mtime}[c.stopped]; stopped != c.stopped || mtime != want {
			t.Errorf("%s, %d: %v, mtime %d, want %d", c.base, c.seq, stopped, mtime, want)
		}
	}
}

// TestSecureAlone: a file that has changed since it was looked at is not written to.
func TestSecureAlone(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "file", "content", 100)
	at, want := openDir(t, dir), statOf(t, dir, "file")
	fd, r := openAlone(at, "file", &want)
	if reasonOf(r) == ReasonNoLease {
		t.Skip("no leases here")
	}
	if r != nil {
		t.Fatal(r.reason, r.err)
	}
	kernel.Close(fd)
	want.Ctime--
	if _, r := openAlone(at, "file", &want); reasonOf(r) != ReasonChanged {
		t.Errorf("%+v, want it changed", r)
	}
}

// meddler is a context in which somebody is at work whenever it is asked for its end.
type meddler struct {
	context.Context
	do func()
}

func (m meddler) Err() error {
	m.do()
	return nil
}

// unsharedUnder rewrites the two blocks of a file, between which somebody does something to it,
// and says how that went.
func unsharedUnder(t *testing.T, do func(path string) error) (reason, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "file")
	const block = 4096
	check(t, os.WriteFile(path, make([]byte, 2*block), 0o644))
	check(t, unix.UtimesNanoAt(unix.AT_FDCWD, path, []unix.Timespec{{Sec: 100}, {Sec: 100}}, 0))
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NOATIME|unix.O_CLOEXEC, 0)
	check(t, err)
	defer kernel.Close(fd)
	if kernel.TakeWriteLease(fd) != kernel.LeaseHeld {
		t.Skip("no leases here")
	}
	if _, err := extents.ReadAll(fd, extents.Flushed, nil); err != nil {
		t.Skip("it is not told where files lie here: ", err) // tmpfs
	}
	before, err := scan.FStatNow(fd)
	check(t, err)
	u := unsharing{fd: fd, before: before}
	for at := range int64(2) {
		u.list = append(u.list, extents.Extent{Logical: at * block, Length: block, Flags: extents.Shared})
	}
	steps := 0
	_, r := u.run(meddler{t.Context(), func() {
		if steps++; steps == 2 {
			if err := do(path); err != nil {
				t.Skip("not possible here: ", err)
			}
		}
	}})
	return reasonOf(r), path
}

// TestUnshareRights: a capability that the file is given meanwhile is not written away.
func TestUnshareRights(t *testing.T) {
	capability := []byte{0, 0, 0, 2, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	reason, path := unsharedUnder(t, func(path string) error { return unix.Setxattr(path, "security.capability", capability, 0) })
	if n, err := unix.Getxattr(path, "security.capability", make([]byte, 64)); err != nil || n != len(capability) {
		t.Errorf("%d bytes, %v", n, err)
	}
	if reason != ReasonRights {
		t.Errorf("%q", reason)
	}
}
