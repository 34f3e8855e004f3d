package dedupe

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/scan"
)

// TestRunLooks: a change that the ctime alone tells of, as by a writer that no lease shows and
// that has put the mtime back, is seen before the exchange: the look after it takes the ctime over.
func TestRunLooks(t *testing.T) {
	for _, plain := range []bool{false, true} {
		s := openSwap(t)
		kernel.EndLease(s.prev.fd)
		s.prev.leased, s.plain = false, plain
		fd, err := kernel.OpenForWriting(s.dir, s.base)
		check(t, err)
		check(t, kernel.WriteAll(fd, []byte("SAME"), 0))
		check(t, kernel.SetTimes(fd, s.prev.stat.Atime, s.prev.stat.Mtime))
		kernel.Close(fd)
		if r := s.run(); reasonOf(r) != ReasonChanged || r.kind != Skipped {
			t.Errorf("plain %v: %+v, want it changed", plain, r)
		}
		s.leads(t, s.base, s.prev.stat.ID)
		if names := namesIn(t, s.dir); len(names) != 2 {
			t.Errorf("plain %v: %q", plain, names)
		}
	}
}

// TestSecureLooks: what changed between the look at a name and the lease is seen through the
// descriptor.
func TestSecureLooks(t *testing.T) {
	s := openSwap(t)
	fd, err := kernel.Open(s.dir, s.base)
	check(t, err)
	h := &handle{fd: fd, stat: s.prev.stat}
	t.Cleanup(h.close)
	if r := h.secure(); r != nil {
		t.Fatal(r.reason, r.err)
	}
	h.stat.Ctime--
	if r := h.secure(); reasonOf(r) != ReasonChanged {
		t.Errorf("%+v, want it changed", r)
	}
}

// TestOpensNoFIFO: a FIFO that has taken a file's name, or the inode number of a kept file, is not opened:
// who waits for a reader would go on.
func TestOpensNoFIFO(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "file", "content", 100)
	fifo := filepath.Join(dir, "fifo")
	check(t, unix.Mkfifo(fifo, 0o600))
	opened := make(chan int, 1)
	go func() {
		fd, _ := unix.Open(fifo, unix.O_WRONLY|unix.O_CLOEXEC, 0)
		opened <- fd
	}()
	now, at := statOf(t, fifo), openDir(t, dir)
	for range 100 { // it waits by then, or will find nobody
		if _, r := openVerified(at, "fifo", fifo, statOf(t, dir, "file")); reasonOf(r) != ReasonChanged {
			t.Errorf("in place of a file: %+v", r)
		}
		s := separation{keeper: keepers{now.Ino}}
		if _, _, r := s.open(at, fifo, now); reasonOf(r) != ReasonOwnCopy {
			t.Errorf("with the number of a kept file: %+v", r)
		}
		time.Sleep(time.Millisecond)
	}
	select {
	case fd := <-opened:
		unix.Close(fd)
		t.Error("it was opened")
	default:
		reader, err := unix.Open(fifo, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		check(t, err)
		unix.Close(<-opened)
		unix.Close(reader)
	}
}

// TestCompareLooks: equal bytes count only of two files that are what they were.
func TestCompareLooks(t *testing.T) {
	s := openSwap(t)
	if r := compare(t.Context(), s.next, s.prev); r != nil {
		t.Fatal(r.reason, r.err)
	}
	s.next.stat.Ctime--
	if r := compare(t.Context(), s.next, s.prev); reasonOf(r) != ReasonKeeperLost {
		t.Errorf("the keeper: %+v", r)
	}
	s.next.stat.Ctime++
	s.prev.stat.Ctime--
	if r := compare(t.Context(), s.next, s.prev); reasonOf(r) != ReasonChanged {
		t.Errorf("the victim: %+v", r)
	}
}

// TestCompareKnocked: a writer does not wait for a large file to be read to its end.
func TestCompareKnocked(t *testing.T) {
	s := openSwap(t)
	s.next.stat.Size, s.prev.stat.Size = watched, watched
	ctx, stop := watchLeases(t.Context(), s.next, s.prev)
	defer stop()
	s.knock(t, s.base)
	select {
	case <-ctx.Done():
	case <-time.After(time.Minute):
	}
	if why := context.Cause(ctx); why != errKnock {
		t.Errorf("ended by %v", why)
	}
}

// TestUnprovable: a fresh name that shows another number goes if it is the inode in all else, as
// on filesystems that number each name by itself. A copy, or a file of somebody else, stays.
func TestUnprovable(t *testing.T) {
	for name, c := range map[string]struct {
		change func(now *scan.Stat)
		goes   bool
	}{
		"another number": {func(*scan.Stat) {}, true},
		"another size":   {func(now *scan.Stat) { now.Size++ }, false},
		"a copy":         {func(now *scan.Stat) { now.Links-- }, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSwap(t)
			now, err := scan.StatAtNow(s.dir, s.tmp)
			check(t, err)
			now.Ino++
			c.change(&now)
			r := s.unprovable(s.next, s.tmp, &now)
			if r.reason != ReasonNumbers || (r.kind == Skipped) != c.goes || r.namesOne() == c.goes {
				t.Errorf("%+v", r)
			}
			if _, err := scan.StatAtNow(s.dir, s.tmp); (err != nil) != c.goes {
				t.Errorf("the name: %v", err)
			}
		})
	}
	s := newSwap(t)
	now, err := scan.StatAtNow(s.dir, s.tmp)
	check(t, err)
	now.Ino++
	s.dir = -1
	if r := s.unprovable(s.next, s.tmp, &now); !r.namesOne() {
		t.Errorf("a name that cannot be removed is not told of: %+v", r)
	}
	s = openSwap(t)
	s.next.stat.Ino++
	if r := s.name(s.next, unix.AT_FDCWD, s.next.path, s.tmp); reasonOf(r) != ReasonNumbers {
		t.Errorf("%+v", r)
	}
	if names := namesIn(t, s.dir); len(names) != 2 {
		t.Errorf("%q", names)
	}
}

// TestPlaceUnnames: a copy that had to have a name to be made has lost that before it gets the
// user's: what still has it has never been the user's (cleanCopy).
func TestPlaceUnnames(t *testing.T) {
	s := openSwap(t)
	put(t, filepath.Dir(s.prev.path), "first", "same", 100)
	h := openNamed(t, s, "first")
	s.copy = &copied{handle: *h, dir: s.dir, named: "first"}
	s.next = &s.copy.handle
	if r := s.place(); r != nil {
		t.Fatal(r.reason, r.err)
	}
	if _, err := scan.StatAtNow(s.dir, "first"); err == nil || s.copy.named != "" {
		t.Errorf("the first name: %v, %q", err, s.copy.named)
	}
	s.leads(t, s.tmp, h.stat.ID)
}

// TestMisledNot: nobody is told of for what only looks as if they had come to the wrong file: a
// writer that has given up, and the attributes of a copy, which may be others than the old file's.
func TestMisledNot(t *testing.T) {
	t.Run("writer gone", func(t *testing.T) {
		s := newSwap(t)
		s.knock(t, "keeper")
		if r := s.misled(skip(ReasonBusy)); r.kind != Skipped {
			t.Errorf("%+v", r)
		}
	})
	t.Run("copy", func(t *testing.T) {
		s := openSwap(t)
		s.copy = &copied{}
		s.xattrs = &[16]byte{1}
		if r := s.misled(skip(ReasonBusy)); r.kind != Skipped {
			t.Errorf("%+v", r)
		}
	})
}

// TestMisledLink: who gives a fresh symbolic link another owner has meant the old file.
func TestMisledLink(t *testing.T) {
	s := openSwap(t)
	s.symbol = &symbol{pointer: &pointer{keeper: s.next}}
	check(t, kernel.Symlink("keeper", s.dir, s.tmp))
	link, r := openSymbol(s.dir, s.tmp, "keeper")
	if r != nil {
		t.Fatal(r.reason, r.err)
	}
	t.Cleanup(link.close)
	if s.next = link; s.misled(skip(ReasonBusy)).kind != Skipped {
		t.Error("nothing has changed")
	}
	link.stat.UID++
	if r := s.misled(skip(ReasonBusy)); !errors.Is(r.err, errMisled) {
		t.Errorf("%+v, want it told", r)
	}
}

// TestGoOnRedressed: an old file whose attributes somebody has set is not removed.
func TestGoOnRedressed(t *testing.T) {
	s := newXattrSwap(t)
	check(t, kernel.Exchange(s.dir, s.tmp, s.base))
	if err := unix.Fsetxattr(s.prev.fd, "user.note", []byte("mine"), 0); err != nil {
		t.Skip("no attributes here: ", err)
	}
	if r := s.goOn(); r == nil || r.kind != Failed {
		t.Errorf("%+v", r)
	}
	s.leads(t, s.tmp, s.prev.stat.ID)
}

// TestRemoveOldFails: an old file whose temporary name cannot be removed goes back.
func TestRemoveOldFails(t *testing.T) {
	s := newSwap(t)
	check(t, kernel.Exchange(s.dir, s.tmp, s.base))
	tmp := s.tmp
	check(t, unix.Mkdirat(s.dir, "directory", 0o700))
	s.tmp = "directory" // EISDIR
	var told *refusal
	if r := s.removeOld(func(why *refusal) *refusal { told = why; return nil }); r != nil || told == nil {
		t.Errorf("%+v, way back taken: %v", r, told != nil)
	}
	s.leads(t, tmp, s.prev.stat.ID)
}

// openNamed has a file of the directory open, whatever it is by now.
func openNamed(t *testing.T, s *swap, base string) *handle {
	t.Helper()
	h, r := openNow(s.dir, base)
	if r != nil {
		t.Fatal(r.reason, r.err)
	}
	t.Cleanup(h.close)
	return h
}
