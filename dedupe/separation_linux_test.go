package dedupe

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
)

// TestUnreachable: a file that is in use will be free, one that is not there is lost; of one
// that cannot be looked at neither is known.
func TestUnreachable(t *testing.T) {
	if r := unreachable(skip(ReasonBusy)); r.kind != Skipped || r.reason != ReasonBusy {
		t.Errorf("%+v", r)
	}
	if r := unreachable(skip(ReasonChanged)); r.kind != Failed || r.reason != ReasonBroken || r.err == nil {
		t.Errorf("%+v", r)
	}
	for err, reason := range map[error]string{unix.ENOENT: ReasonBroken, unix.EIO: ReasonSystem, unix.EACCES: ReasonPermission} {
		if r := unreachable(refused(err)); r.kind != Failed || r.reason != reason {
			t.Errorf("%v: %+v, want %q", err, r, reason)
		}
	}
}

// TestKnockBehind: whoever comes to the file behind a symbolic link keeps the name, also
// once the copy is there.
func TestKnockBehind(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "keeper", "same", 100)
	for _, name := range []string{"x", "y"} {
		check(t, os.Symlink("keeper", filepath.Join(dir, name)))
	}
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	check(t, err)
	defer closeFD(fd)
	var lock sync.Mutex
	s := &separation{target: "keeper"}
	defer s.close()
	if _, r := s.name(t.Context(), fd, "x", temporaryName(testRun), &lock); r != nil {
		t.Fatal(r.reason, r.err)
	}
	if !s.fresh.leased {
		t.Skip("no leases here")
	}
	lock.Lock() // so it waits before the exchange
	done := make(chan *refusal, 1)
	go func() {
		_, r := s.name(t.Context(), fd, "y", temporaryName(testRun), &lock)
		done <- r
	}()
	for knocked := false; !knocked && len(done) == 0; {
		writer, err := unix.Openat(fd, "keeper", unix.O_WRONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if knocked = err == unix.EWOULDBLOCK; !knocked {
			unix.Close(writer)
		}
	}
	lock.Unlock()
	if r := <-done; r == nil || r.reason != ReasonBusy {
		t.Errorf("the knock was not heard: %+v", r)
	}
	if got, err := os.Readlink(filepath.Join(dir, "y")); err != nil || got != "keeper" {
		t.Errorf("the name leads to %q, %v", got, err)
	}
}

// TestHidesNames: by what a filesystem is, and 9p by its mount.
func TestHidesNames(t *testing.T) {
	yes, no := func(int) bool { return true }, func(int) bool { return false }
	for _, c := range []struct {
		named          string
		remote, hosted func(int) bool
		want           bool
	}{
		{"", yes, no, true}, {"first", yes, no, true}, {"first", no, yes, true}, {"first", no, no, false}, {"", no, no, false},
	} {
		if got := hidesNames(&copied{named: c.named}, c.remote, c.hosted); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	dir := t.TempDir()
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	check(t, err)
	defer closeFD(fd)
	if scan.Remote(fd) || scan.Hosted(fd) {
		t.Errorf("%s is taken for a directory of another machine", dir)
	}
}
