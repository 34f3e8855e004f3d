package dedupe

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/journal"
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
	fd := openDir(t, dir)
	var lock sync.Mutex
	s := &separation{target: "keeper"}
	defer s.close()
	if _, r := s.name(t.Context(), place{fd, "x", temporaryName(testRun), &lock}); r != nil {
		t.Fatal(r.reason, r.err)
	}
	if !s.fresh.leased {
		t.Skip("no leases here")
	}
	lock.Lock() // so it waits before the exchange
	done := make(chan *refusal, 1)
	go func() {
		_, r := s.name(t.Context(), place{fd, "y", temporaryName(testRun), &lock})
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

// TestLearn: what was written to in the very moment is read again for its next name. Where times
// come in steps a further write would not show.
func TestLearn(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "settled", "same", 100)
	check(t, os.WriteFile(filepath.Join(dir, "young"), []byte("same"), 0o600))
	fd := openDir(t, dir)
	for name, want := range map[string]bool{"settled": true, "young": false} {
		h, r := openNow(fd, name)
		if r != nil {
			t.Fatal(r.reason, r.err)
		}
		defer h.close()
		if !h.leased {
			t.Skip("no leases here")
		}
		var s separation
		if s.learn(h); s.known == h.stat != want {
			t.Errorf("%s: known %v, want %v", name, !want, want)
		}
		h.leased = false
		if s.learn(h); s.known != (scan.Stat{}) {
			t.Errorf("%s: known without a lease", name)
		}
	}
}

// TestPrepareYoung: what is written before the copy's turn comes may not show on a file that is as
// young as the copy.
func TestPrepareYoung(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "young")
	check(t, os.WriteFile(path, []byte("same"), 0o600))
	fd := openDir(t, dir)
	now, err := scan.StatAtNow(fd, "young")
	check(t, err)
	var lock sync.Mutex
	s := &separation{keeper: keepers{now.Ino}}
	defer s.close()
	if s.prepare(t.Context(), place{fd, path, temporaryName(testRun), &lock}); s.fresh == nil || s.known != (scan.Stat{}) {
		t.Errorf("copy %v, known %v", s.fresh, s.known)
	}
}

// TestDoubt: a copy that is made ahead is compared with the shared file once more, unless whoever
// writes to that meanwhile moves a time of it for sure.
func TestDoubt(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "file", "same", 100)
	h, r := openNow(openDir(t, dir), "file")
	if r != nil {
		t.Fatal(r.reason, r.err)
	}
	defer h.close()
	if !h.leased {
		t.Skip("no leases here")
	}
	now := h.stat.Ctime
	for _, c := range []struct {
		name         string
		mtime, ctime time.Duration // before now
		dev          uint64
		unleased     bool
		known        bool
	}{
		{name: "settled", mtime: time.Hour, ctime: time.Minute, known: true},
		{name: "written to", mtime: time.Second, ctime: time.Second},
		{name: "linked", mtime: time.Hour, ctime: time.Second},
		{name: "from the future", mtime: -time.Hour, ctime: time.Minute},
		{name: "by another clock", mtime: time.Hour, ctime: time.Minute, dev: 1},
		{name: "unguarded", mtime: time.Hour, ctime: time.Minute, unleased: true},
	} {
		shared := *h
		shared.stat.Mtime, shared.stat.Ctime, shared.leased = now-int64(c.mtime), now-int64(c.ctime), !c.unleased
		s := separation{fresh: &copied{handle: handle{stat: h.stat}}, known: shared.stat}
		s.fresh.stat.ID.Dev += c.dev
		if s.doubt(&shared); s.known == shared.stat != c.known {
			t.Errorf("%s: known %v, want %v", c.name, !c.known, c.known)
		}
	}
}

// TestProvideUnread: a second name gets no other copy because it cannot be read what the shared file
// looks like: names of one old inode would part.
func TestProvideUnread(t *testing.T) {
	dir := openDir(t, t.TempDir())
	old := &journal.Old{Mode: unix.S_IFREG | 0o600}
	fresh := &copied{handle: handle{fd: -1}, dir: dir}
	s := separation{old: old, look: old, was: &journal.Look{}, fresh: fresh, home: -1}
	var lock sync.Mutex
	r := s.provide(t.Context(), place{dir, "x", temporaryName(testRun), &lock}, &handle{fd: -1})
	if r == nil || r.kind != Failed || s.fresh != fresh {
		t.Errorf("%+v; copy %p, was %p", r, s.fresh, fresh)
	}
}

// TestOrAlone: a file of another content is one of its own only where no further name leads to it.
func TestOrAlone(t *testing.T) {
	dir := openDir(t, t.TempDir())
	for _, c := range []struct {
		links  uint32
		target string
		want   string
	}{{1, "", ReasonOwnCopy}, {2, "", ReasonEdited}, {1, "file", ReasonEdited}} {
		s := separation{target: c.target}
		if got := s.orAlone(dir, &handle{stat: scan.Stat{Links: c.links}}, skip(ReasonEdited)); got.reason != c.want {
			t.Errorf("%d links, target %q: %q, want %q", c.links, c.target, got.reason, c.want)
		}
	}
	alone := &handle{stat: scan.Stat{Links: 1}}
	if r := new(separation).orAlone(dir, alone, skip(ReasonEdited).leaves("tmp", unix.EIO)); !r.namesOne() {
		t.Errorf("the temporary name that stays is not told: %+v", r)
	}
}

// TestHidesNames: by what a filesystem is, and 9p by its mount; for a fresh copy as for one
// that an undo which was stopped has left, of which only its directory is known.
func TestHidesNames(t *testing.T) {
	const home = 7
	yes, no := func(dir int) bool { return dir == home }, func(int) bool { return false }
	nameless, fresh, adopted := copied{dir: home}, copied{dir: home, named: "first"}, copied{}
	fresh.stat.Links, adopted.stat.Links = 1, 2
	for i, c := range []struct {
		copied         copied
		remote, hosted func(int) bool
		want           bool
	}{
		{nameless, yes, no, true}, {nameless, no, yes, false}, {nameless, no, no, false},
		{fresh, yes, no, true}, {fresh, no, yes, true}, {fresh, no, no, false},
		{adopted, yes, no, true}, {adopted, no, yes, true}, {adopted, no, no, false},
	} {
		var s separation
		if s.hold(&c.copied, home, c.remote, c.hosted); s.hides != c.want || s.fresh != &c.copied || s.home != home {
			t.Errorf("%d: %v", i, s.hides)
		}
	}
	dir := t.TempDir()
	fd := openDir(t, dir)
	if scan.Remote(fd) || scan.Hosted(fd) {
		t.Errorf("%s is taken for a directory of another machine", dir)
	}
}
