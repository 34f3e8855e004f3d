package dedupe

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/journal"
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
	defer closeFD(fd)
	if takeWriteLease(fd) != leaseHeld {
		t.Skip("no leases here")
	}
	before, err := scan.FStat(fd)
	check(t, err)
	if other, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0); err != unix.EWOULDBLOCK {
		unix.Close(other)
		t.Fatalf("%v, want a lease in the way", err)
	}
	err = rewrite(fd, 0, before.Size)
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
	tk.takeBack(ctx, &past{set: &journal.Set{Link: "reflink"}, names: []*pastName{{Replace: journal.Replace{Path: "/not/here"}}}})
}
