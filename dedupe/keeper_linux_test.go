package dedupe

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/decide"
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
