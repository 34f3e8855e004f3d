package dedupe

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/scan"
)

// TestKeeperChanges: a kept file whose attributes change between two replaces gets no
// further names. Its lease keeps nobody from that.
func TestKeeperChanges(t *testing.T) {
	changes := map[string]func(path string) error{
		"mode":  func(path string) error { return os.Chmod(path, 0o600) },
		"xattr": func(path string) error { return unix.Setxattr(path, "user.note", []byte("mine"), 0) },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for i := range 4 {
				put(t, dir, fmt.Sprint(i), "same", int64(100+i)) // the oldest is kept
			}
			kept := filepath.Join(dir, "0")
			// As if all had rested for long, so that nothing need be compared.
			settled := Barrier{at: time.Now().Add(time.Hour).UnixNano(), flushed: map[scan.Domain]bool{0: true}}
			totals := linkAll(t, dir, t.TempDir(), decide.Policy{Match: decide.MatchDefault}, ApplyOptions{Barrier: settled, Workers: 1, OnOutcome: func(Outcome) {
				if st, err := os.Stat(kept); err != nil || st.Mode().Perm() == 0o600 {
					return
				}
				if err := change(kept); err != nil {
					t.Skipf("%s: %v", kept, err)
				}
			}})
			if links := statOf(t, kept).Links; links != 2 {
				t.Errorf("%+v, the kept file has %d links, want 2: what came before the change", totals, links)
			}
			// The others find a keeper among themselves.
			if links := statOf(t, dir, "3").Links; links != 2 {
				t.Errorf("%+v, the last file has %d links, want 2", totals, links)
			}
		})
	}
}

// TestTellKeeper: what a kept file has become is told where our own links alone can have moved its
// ctime: it is leased, and nothing else of it is another.
func TestTellKeeper(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, k *jobInode)
		told   int
	}{
		"linked":    {func(*testing.T, *jobInode) {}, 1},
		"no lease":  {func(_ *testing.T, k *jobInode) { k.held.leased = false }, 0},
		"new mtime": {func(t *testing.T, k *jobInode) { check(t, kernel.SetTimes(k.held.fd, 0, 1e9)) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, "kept", "same", 100)
			put(t, dir, "copy", "same", 200)
			told := 0
			a, jobs := announced(t, dir, ApplyOptions{OnKeeper: func(KeeperChange) { told++ }})
			j := jobs[0]
			defer j.release()
			if r := a.openKeeper(j); r != nil {
				t.Fatal(r.reason, r.err)
			}
			if !j.keeper.held.leased {
				t.Skip("no leases here")
			}
			check(t, os.Link(filepath.Join(dir, "kept"), filepath.Join(dir, "another")))
			c.change(t, j.keeper)
			if a.tellKeeper(j); told != c.told {
				t.Errorf("told %d times, want %d", told, c.told)
			}
		})
	}
}

// TestLookOfKeeper: the journal has the attributes of a kept file, so that an undo sees a change of them.
func TestLookOfKeeper(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"kept", "copy"} {
		put(t, dir, name, "same", int64(100*(1+i)))
		if err := unix.Setxattr(filepath.Join(dir, name), "user.note", []byte("mine"), 0); err != nil {
			t.Skip("no attributes here: ", err)
		}
	}
	a, jobs := announced(t, dir, ApplyOptions{})
	look := a.setRecord(jobs[0], a.opener).Set.Was
	if look == nil || look.Missing || string(look.Xattrs["user.note"]) != "mine" {
		t.Errorf("%+v", look)
	}
}

func TestSeesWriters(t *testing.T) {
	for _, c := range []struct {
		fs   scan.Filesystem
		want bool
	}{
		{scan.Filesystem{Type: "ext4"}, true},
		{scan.Filesystem{Type: "overlay"}, true},
		{scan.Filesystem{}, true},
		{scan.Filesystem{Type: "nfs4", Remote: true}, false},
		{scan.Filesystem{Type: "fuse"}, false},
		{scan.Filesystem{Type: "fuse.sshfs"}, false},
		{scan.Filesystem{Type: "fuseblk"}, false},
		{scan.Filesystem{Type: "virtiofs"}, false},
	} {
		if got := c.fs.SeesWriters(); got != c.want {
			t.Errorf("%+v: %v", c.fs, got)
		}
	}
}
