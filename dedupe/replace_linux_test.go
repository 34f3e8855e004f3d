package dedupe

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// newSwap has keeper and victim open and leased, and the keeper's second name made.
func newSwap(t *testing.T) *swap {
	t.Helper()
	return openSwap(t).placed(t)
}

// newXattrSwap is newSwap where the victim's extended attributes were read before.
func newXattrSwap(t *testing.T) *swap {
	t.Helper()
	s := openSwap(t)
	had, err := hash.XattrDigest(s.prev.fd)
	check(t, err)
	s.xattrs = &had
	return s.placed(t)
}

// newCopySwap does so with a fresh copy of the victim instead of the keeper. The
// victim's other name is "other".
func newCopySwap(t *testing.T) *swap {
	t.Helper()
	s := openSwap(t)
	check(t, unix.Linkat(s.dir, "victim", s.dir, "other", 0))
	if r := s.prev.carry(); r != nil {
		t.Fatal(r.reason, r.err)
	}
	look, err := lookOf(s.prev)
	check(t, err)
	c, r := copyOf(t.Context(), place{dir: s.dir, path: spare(s.tmp), lock: new(sync.Mutex)}, s.prev, look, nil)
	if r != nil {
		t.Fatal(r.reason, r.err)
	}
	t.Cleanup(c.close)
	s.next = &c.handle
	return s
}

// openSwap has keeper and victim open and leased.
func openSwap(t *testing.T) *swap {
	t.Helper()
	dir := t.TempDir()
	put(t, dir, "keeper", "same", 100)
	put(t, dir, "victim", "same", 100)
	fd := openDir(t, dir)
	s := &swap{dir: fd, base: "victim", tmp: temporaryName("0123abcd")}
	for name, h := range map[string]**handle{"keeper": &s.next, "victim": &s.prev} {
		now, err := scan.StatAt(fd, name)
		check(t, err)
		got, r := openVerified(fd, name, filepath.Join(dir, name), now)
		if r != nil {
			t.Fatal(r.reason, r.err)
		}
		if !got.leased {
			t.Skip("no leases here")
		}
		t.Cleanup(got.close)
		*h = got
	}
	return s
}

// placed has gone as far as the last look before the exchange.
func (s *swap) placed(t *testing.T) *swap {
	t.Helper()
	if r := s.place(); r != nil {
		t.Fatal(r.reason, r.err)
	}
	if r := s.lastLook(); r != nil {
		t.Fatal(r.reason, r.err)
	}
	return s
}

// knock opens a name for writing and does not wait for the lease that this
// breaks, as an open(2) which a signal has sent back to its beginning.
func (s *swap) knock(t *testing.T, name string) {
	t.Helper()
	if fd, err := unix.Openat(s.dir, name, unix.O_WRONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0); err != unix.EWOULDBLOCK {
		unix.Close(fd)
		t.Fatalf("%s: %v, want a lease in the way", name, err)
	}
}

// wait opens the victim for writing, and waits until the test ends.
func (s *swap) wait(t *testing.T) {
	t.Helper()
	done := s.append(t, s.base, "", s.prev)
	if !s.prev.knocked() {
		t.Fatalf("nobody waits: %v", <-done)
	}
	t.Cleanup(func() {
		unix.FcntlInt(uintptr(s.prev.fd), unix.F_SETLEASE, unix.F_UNLCK)
		unix.FcntlInt(uintptr(s.next.fd), unix.F_SETLEASE, unix.F_UNLCK)
		check(t, <-done)
	})
}

// TestBack: a writer finds the file that it has opened under the name that it came
// by, whether it waits for the old file or has begun anew and come to the keeper.
func TestBack(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(*testing.T, *swap) // the exchange
		after  func(*testing.T, *swap)
		linked bool
	}{
		{"waits", func(t *testing.T, s *swap) { s.wait(t) }, nil, false},
		{"gone", func(t *testing.T, s *swap) { s.knock(t, "victim") }, nil, false},
		{"strayed", func(t *testing.T, s *swap) { s.knock(t, "victim") }, func(t *testing.T, s *swap) { s.knock(t, "victim") }, true},
		{"two writers", func(t *testing.T, s *swap) { s.wait(t) }, func(t *testing.T, s *swap) { s.knock(t, "keeper") }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSwap(t)
			c.before(t, s)
			check(t, kernel.Exchange(s.dir, s.tmp, s.base))
			if c.after != nil {
				c.after(t, s)
			}
			why := s.cameOut()
			if why == nil || why.reason != ReasonBusy {
				t.Fatalf("the knock was not heard: %v", why)
			}
			if r := s.back(why); (r == nil) != c.linked {
				t.Errorf("linked: %v, want %v", r == nil, c.linked)
			}
			now, err := scan.StatAt(s.dir, s.base)
			check(t, err)
			want := s.prev.stat.ID
			if c.linked {
				want = s.next.stat.ID
			}
			if now.ID != want {
				t.Errorf("the name leads to %v, want %v", now.ID, want)
			}
			if _, err := scan.StatAt(s.dir, s.tmp); err == nil {
				t.Error("the temporary name is still there")
			}
		})
	}
}

// TestDiscardFails: a temporary name that cannot be removed is told as a failure, also where
// the name beside it is left alone for a good reason.
func TestDiscardFails(t *testing.T) {
	s := newSwap(t)
	if err := unix.IoctlSetPointerInt(s.dir, unix.FS_IOC_SETFLAGS, unix.STATX_ATTR_APPEND); err != nil {
		t.Skip("no append-only directories here: ", err)
	}
	t.Cleanup(func() { check(t, unix.IoctlSetPointerInt(s.dir, unix.FS_IOC_SETFLAGS, 0)) })
	r := s.discard(refusedBy(kernel.Exchange(s.dir, s.tmp, s.base), s.dir))
	if r == nil || r.reason != ReasonImmutable || r.kind != Failed || !strings.Contains(fmt.Sprint(r.err), s.tmp) {
		t.Errorf("%+v, want a failure that tells of %s", r, s.tmp)
	}
	if s := fmt.Sprint(r.err); strings.Count(s, ReasonImmutable) != 1 {
		t.Errorf("%s: want %q once", s, ReasonImmutable)
	}
}

// TestDiscardUnseen: so is one that cannot be looked at any more; one that is gone, or somebody
// else's by now, is none.
func TestDiscardUnseen(t *testing.T) {
	s := newSwap(t)
	dir := s.dir
	s.dir = s.prev.fd // ENOTDIR, as EACCES where the directory was closed to us
	if r := s.discard(skip(ReasonBusy)); r.kind != Failed || !strings.Contains(fmt.Sprint(r.err), s.tmp) {
		t.Errorf("%+v, want a failure that tells of %s", r, s.tmp)
	}
	s.dir = dir
	s.takenBy(t, s.tmp)
	for range 2 {
		if r := s.discard(skip(ReasonBusy)); r.kind != Skipped {
			t.Errorf("%+v", r)
		}
		kernel.Unlink(s.dir, s.tmp)
	}
}

// TestDiscardBoth: where names cannot be exchanged, each of the two temporary names that
// cannot be removed is told.
func TestDiscardBoth(t *testing.T) {
	s := openSwap(t)
	if err := unix.IoctlSetPointerInt(s.dir, unix.FS_IOC_SETFLAGS, unix.STATX_ATTR_APPEND); err != nil {
		t.Skip("no append-only directories here: ", err)
	}
	t.Cleanup(func() { check(t, unix.IoctlSetPointerInt(s.dir, unix.FS_IOC_SETFLAGS, 0)) })
	s.plain = true
	r := s.run()
	if r == nil || r.kind != Failed {
		t.Fatalf("%+v", r)
	}
	for _, tmp := range []string{s.tmp, spare(s.tmp)} {
		if !strings.Contains(fmt.Sprint(r.err), tmp) {
			t.Errorf("%v tells nothing of %s", r.err, tmp)
		}
	}
}

// TestRunExchanges: where names can be exchanged they are: rename(2) would take its second temporary name.
func TestRunExchanges(t *testing.T) {
	s := openSwap(t)
	exchanges(t, filepath.Dir(s.prev.path))
	put(t, filepath.Dir(s.prev.path), spare(s.tmp), "mine", 100)
	if r := s.run(); r != nil {
		t.Fatal(r.reason, r.err)
	}
	s.leads(t, s.base, s.next.stat.ID)
}

// TestLastLook: nothing is exchanged once a file or a name is not what was read.
func TestLastLook(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, s *swap){
		"victim": func(t *testing.T, s *swap) { check(t, unix.Fchmod(s.prev.fd, 0o600)) },
		"victim's name": func(t *testing.T, s *swap) {
			check(t, unix.Linkat(s.dir, "other", s.dir, "third", 0))
			check(t, unix.Renameat(s.dir, "third", s.dir, s.base))
			s.prev.carry() // as where a rename moves no ctime
		},
		"file behind": func(t *testing.T, s *swap) {
			s.behind = openOther(t, s)
			check(t, unix.Fchmod(s.behind.fd, 0o600))
		},
		"keeper": func(t *testing.T, s *swap) { check(t, unix.Fchmod(s.next.fd, 0o600)) },
	} {
		t.Run(name, func(t *testing.T) {
			s := openSwap(t)
			put(t, filepath.Dir(s.prev.path), "other", "same", 100)
			if r := s.place(); r != nil {
				t.Fatal(r.reason, r.err)
			}
			if r := s.lastLook(); r != nil {
				t.Fatal(r.reason, r.err)
			}
			change(t, s)
			want := ReasonChanged
			if name == "keeper" {
				want = ReasonKeeperLost // there may be another one
			}
			if r := s.lastLook(); reasonOf(r) != want {
				t.Errorf("%+v, want %q", r, want)
			}
		})
	}
}

// openOther has the file "other" open.
func openOther(t *testing.T, s *swap) *handle {
	t.Helper()
	now, err := scan.StatAt(s.dir, "other")
	check(t, err)
	h, r := openVerified(s.dir, "other", "other", now)
	if r != nil {
		t.Fatal(r.reason, r.err)
	}
	t.Cleanup(h.close)
	return h
}

// TestCameOut: what came out is kept for gone only if it is the very file that was read,
// as it was.
func TestCameOut(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, s *swap)
		want   string
	}{
		"the victim": {func(*testing.T, *swap) {}, ""},
		"another file": {func(t *testing.T, s *swap) {
			check(t, unix.Renameat(s.dir, "other", s.dir, s.tmp))
		}, ReasonChanged},
		"the victim, changed": {func(t *testing.T, s *swap) { check(t, unix.Fchmod(s.prev.fd, 0o600)) }, ReasonChanged},
		"the file behind, changed": {func(t *testing.T, s *swap) {
			s.behind = openOther(t, s)
			check(t, unix.Fchmod(s.behind.fd, 0o600))
		}, ReasonChanged},
		"the victim, by a path that leads to the keeper no more": {func(t *testing.T, s *swap) {
			s.symbol = &symbol{pointer: &pointer{keeper: s.next}, target: "other"}
		}, decide.ReasonNotReached},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSwap(t)
			put(t, filepath.Dir(s.prev.path), "other", "same", 100)
			check(t, kernel.Exchange(s.dir, s.tmp, s.base))
			c.change(t, s)
			if got := reasonOf(s.cameOut()); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// takenBy has somebody put the file "other" under a name.
func (s *swap) takenBy(t *testing.T, base string) (other scan.ID) {
	t.Helper()
	put(t, filepath.Dir(s.prev.path), "other", "same", 100)
	now, err := scan.StatAt(s.dir, "other")
	check(t, err)
	check(t, unix.Renameat(s.dir, "other", s.dir, base))
	return now.ID
}

// leads fails unless a name leads to an inode.
func (s *swap) leads(t *testing.T, base string, want scan.ID) {
	t.Helper()
	if now, err := scan.StatAt(s.dir, base); err != nil || now.ID != want {
		t.Errorf("%s leads to %v, want %v, %v", base, now.ID, want, err)
	}
}

// TestForeignFileStays: what somebody puts under a name in hand is neither removed nor
// moved away from it, and the victim stays under some name.
func TestForeignFileStays(t *testing.T) {
	t.Run("temporary name", func(t *testing.T) {
		s := newSwap(t)
		other := s.takenBy(t, s.tmp)
		s.discard(skip(ReasonBusy))
		s.leads(t, s.tmp, other)
		s.leads(t, s.base, s.prev.stat.ID)
	})
	t.Run("exchanged", func(t *testing.T) {
		s := newSwap(t)
		check(t, kernel.Exchange(s.dir, s.tmp, s.base))
		other := s.takenBy(t, s.base)
		if r := s.back(skip(ReasonBusy)); r == nil || r.kind != Failed {
			t.Errorf("%+v", r)
		}
		s.leads(t, s.base, other)
		s.leads(t, s.tmp, s.prev.stat.ID)
	})
	t.Run("renamed", func(t *testing.T) {
		s := newSwap(t)
		second := spare(s.tmp)
		check(t, kernel.Link(s.prev.fd, unix.AT_FDCWD, s.prev.path, s.dir, second))
		check(t, kernel.RenameOver(s.dir, s.tmp, s.base))
		s.tmp = second
		other := s.takenBy(t, s.base)
		if r := s.renameBack(skip(ReasonBusy)); r == nil || r.kind != Failed {
			t.Errorf("%+v", r)
		}
		s.leads(t, s.base, other)
		s.leads(t, second, s.prev.stat.ID)
	})
}

// TestReadyToRename: rename(2) puts nothing over a file that is not what was read.
func TestReadyToRename(t *testing.T) {
	for name, change := range map[string]func(s *swap){
		"changed":    func(s *swap) { check(t, unix.Fchmod(s.prev.fd, 0o600)) },
		"waited for": func(s *swap) { s.knock(t, s.base) },
		"another":    func(s *swap) { s.takenBy(t, s.base) },
	} {
		s := newSwap(t)
		if r := s.readyToRename(); r != nil {
			t.Fatal(r.reason, r.err)
		}
		if change(s); s.readyToRename() == nil {
			t.Errorf("%s: the change was not seen", name)
		}
	}
}

// TestHides: where a client keeps what is open under another name, the victim is not open when
// a name of it goes, and is known by its second name instead. A copy is not open by its first.
func TestHides(t *testing.T) {
	t.Run("linked", func(t *testing.T) {
		s := openSwap(t)
		s.hides, s.plain = true, true
		if r := s.run(); r != nil {
			t.Fatal(r.reason, r.err)
		}
		if s.prev.fd >= 0 {
			t.Error("the victim was open")
		}
		s.leads(t, "victim", s.next.stat.ID)
		if names := namesIn(t, s.dir); len(names) != 2 {
			t.Errorf("%q", names)
		}
	})
	t.Run("changed", func(t *testing.T) {
		s := newSwap(t)
		s.hides = true
		second := spare(s.tmp)
		check(t, kernel.Link(s.prev.fd, unix.AT_FDCWD, s.prev.path, s.dir, second))
		if r := s.renameFresh(); r != nil {
			t.Fatal(r.reason, r.err)
		}
		check(t, unix.Fchmodat(s.dir, second, 0o600, 0))
		s.tmp = second
		r := s.cameOut()
		if reasonOf(r) != ReasonChanged {
			t.Fatalf("%+v", r)
		}
		s.renameBack(r)
		s.leads(t, "victim", s.prev.stat.ID)
	})
	t.Run("copy", func(t *testing.T) {
		s := openSwap(t)
		put(t, filepath.Dir(s.prev.path), "first", "", 100)
		fd, err := kernel.Open(s.dir, "first")
		check(t, err)
		now, err := scan.FStatNow(fd)
		check(t, err)
		s.copy = &copied{handle: handle{fd: fd, stat: now}, dir: s.dir, named: "first"}
		t.Cleanup(s.copy.close)
		s.next, s.hides = &s.copy.handle, true
		if r := s.place(); r != nil {
			t.Fatal(r.reason, r.err)
		}
		name, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", s.next.fd))
		if check(t, err); filepath.Base(name) != s.tmp {
			t.Errorf("open by %q, want %q", name, s.tmp)
		}
	})
}

// namesIn lists a directory.
func namesIn(t *testing.T, dir int) []string {
	t.Helper()
	path, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", dir))
	check(t, err)
	list, err := os.ReadDir(path)
	check(t, err)
	names := make([]string, 0, len(list))
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

// TestGoOnChanged: a victim that has changed is not removed, though a writer has gone on to
// the keeper.
func TestGoOnChanged(t *testing.T) {
	s := newSwap(t)
	check(t, kernel.Exchange(s.dir, s.tmp, s.base))
	check(t, unix.Fchmod(s.prev.fd, 0o600))
	if r := s.goOn(); r == nil || r.kind != Failed {
		t.Errorf("%+v", r)
	}
	s.leads(t, s.tmp, s.prev.stat.ID)
	s.leads(t, s.base, s.next.stat.ID)
}

// TestBackTaken: a file that somebody has put under the name right before the exchange has that
// again, though a writer has come to the keeper by it since; what that one has come to stays, too.
func TestBackTaken(t *testing.T) {
	for name, open := range map[string]func(*testing.T) *swap{"keeper": openSwap, "copy": newCopySwap} {
		t.Run(name, func(t *testing.T) {
			s := open(t).placed(t)
			kernel.Unlink(s.dir, "other") // of the victim, which must not be written to
			other := s.takenBy(t, s.base)
			check(t, kernel.Exchange(s.dir, s.tmp, s.base))
			s.knock(t, s.base)
			r := s.back(s.cameOut())
			if r == nil || r.kind != Failed {
				t.Errorf("%+v, want a failure", r)
			}
			s.leads(t, s.base, other)
			if name == "keeper" {
				s.leads(t, name, s.next.stat.ID)
				return
			}
			s.leads(t, s.tmp, s.next.stat.ID)
			if !strings.Contains(fmt.Sprint(r.err), s.tmp) {
				t.Errorf("%v tells nothing of %s", r.err, s.tmp)
			}
		})
	}
}

// TestBackTakenUnseen: where nobody has come by the name meanwhile there is nothing to tell of.
func TestBackTakenUnseen(t *testing.T) {
	for name, open := range map[string]func(*testing.T) *swap{"keeper": openSwap, "copy": newCopySwap} {
		s := open(t).placed(t)
		kernel.Unlink(s.dir, "other")
		other := s.takenBy(t, s.base)
		check(t, kernel.Exchange(s.dir, s.tmp, s.base))
		if r := s.back(s.cameOut()); reasonOf(r) != ReasonChanged || r.kind != Skipped {
			t.Errorf("%s: %+v, want it skipped as changed", name, r)
		}
		s.leads(t, s.base, other)
	}
}

// TestGoOnForeign: what is not the victim is not removed.
func TestGoOnForeign(t *testing.T) {
	s := newSwap(t)
	check(t, kernel.Exchange(s.dir, s.tmp, s.base))
	other := s.takenBy(t, s.tmp)
	if r := s.goOn(); r == nil || r.kind != Failed {
		t.Errorf("%+v", r)
	}
	s.leads(t, s.tmp, other)
}

// TestRenameBackMoved: a keeper that the rename itself has changed (encfs cuts its mtime) has
// a name of its own: the victim is back, nothing is left, and no writer is told of.
func TestRenameBackMoved(t *testing.T) {
	s := newSwap(t)
	s.plain = true
	second := spare(s.tmp)
	check(t, kernel.Link(s.prev.fd, unix.AT_FDCWD, s.prev.path, s.dir, second))
	check(t, kernel.RenameOver(s.dir, s.tmp, s.base))
	s.tmp = second
	s.prev.carry()
	s.next.carry()
	check(t, kernel.SetTimes(s.next.fd, 0, 1_000_000_000))
	r := s.renameBack(skip(ReasonChanged))
	if r.kind != Skipped || r.reason != ReasonChanged {
		t.Errorf("%v %q %v, want it skipped as changed", r.kind, r.reason, r.err)
	}
	if leadsTo(s.dir, "victim", s.prev) != nil || leadsTo(s.dir, "keeper", s.next) != nil {
		t.Error("a name leads elsewhere")
	}
}

// TestStuckCause: what could not go back is told with the error that was in the way.
func TestStuckCause(t *testing.T) {
	s := newSwap(t)
	back := s.exchangedOrRenamed(t, true)
	s.takenBy(t, s.base)
	if r := back(refused(unix.EIO)); r == nil || !strings.Contains(fmt.Sprint(r.err), unix.EIO.Error()) {
		t.Errorf("%+v", r)
	}
}

// TestRenameBackFails: where the old file cannot have its name back (immutable by now), the second name
// of a copy goes, or is told as well.
func TestRenameBackFails(t *testing.T) {
	for _, locked := range []bool{false, true} {
		s := newCopySwap(t).placed(t)
		back := s.exchangedOrRenamed(t, true)
		fd, flag := s.prev.fd, unix.STATX_ATTR_IMMUTABLE
		if locked {
			fd, flag = s.dir, unix.STATX_ATTR_APPEND
		}
		if err := unix.IoctlSetPointerInt(fd, unix.FS_IOC_SETFLAGS, flag); err != nil {
			t.Skip("no such flags here: ", err)
		}
		t.Cleanup(func() { check(t, unix.IoctlSetPointerInt(fd, unix.FS_IOC_SETFLAGS, 0)) })
		second := s.tmp
		r := back(skip(ReasonChanged))
		if r == nil || r.kind != Failed || !strings.Contains(fmt.Sprint(r.err), second) {
			t.Errorf("%+v, want a failure that tells of %s", r, second)
		}
		fresh := spare(second)
		if s := fmt.Sprint(r.err); strings.Count(s, ReasonImmutable) != 1 {
			t.Errorf("%s: want %q once", s, ReasonImmutable)
		}
		if stays := slices.Contains(namesIn(t, s.dir), fresh); stays != locked || stays != strings.Contains(fmt.Sprint(r.err), fresh) {
			t.Errorf("%s stays: %v; told: %v", fresh, stays, r.err)
		}
	}
}

// TestRedressed: an attribute that is set right before the exchange, whose ctime hides that, goes
// back with its file.
func TestRedressed(t *testing.T) {
	s := newXattrSwap(t)
	if err := unix.Fsetxattr(s.prev.fd, "user.note", []byte("mine"), 0); err != nil {
		t.Skip("no attributes here: ", err)
	}
	check(t, kernel.Exchange(s.dir, s.tmp, s.base))
	r := s.cameOut()
	if r == nil || r.reason != ReasonChanged {
		t.Fatalf("%+v, want a change", r)
	}
	if r := s.back(r); r == nil || r.kind != Skipped {
		t.Errorf("%+v", r)
	}
	s.leads(t, s.base, s.prev.stat.ID)
}

// TestRedressedUnseen: where the old file must not be open while its name goes (NFS), its attributes
// are read through the name that it has got: a replace goes through, and one that is set in
// between goes back with its file.
func TestRedressedUnseen(t *testing.T) {
	for _, note := range []bool{false, true} {
		s := openSwap(t)
		had, err := hash.XattrDigest(s.prev.fd)
		check(t, err)
		s.xattrs, s.plain, s.hides = &had, true, true
		s.placed(t)
		if err := unix.Fsetxattr(s.prev.fd, "user.note", []byte("mine"), 0); err != nil {
			t.Skip("no attributes here: ", err)
		}
		if !note {
			check(t, unix.Fremovexattr(s.prev.fd, "user.note"))
		}
		victim := s.prev.stat.ID
		r := s.withoutExchange()
		if note {
			if r == nil || r.kind != Skipped || r.reason != ReasonChanged {
				t.Errorf("%+v, want a change", r)
			}
			s.leads(t, s.base, victim)
		} else if r != nil {
			t.Errorf("nothing has changed: %+v", r)
		}
	}
}

// TestBackMisled: whoever has come to the keeper by the name while it led there is told of, once
// that has its file back: what was written or set is not where it was meant to be.
func TestBackMisled(t *testing.T) {
	for name, change := range map[string]func(*testing.T, *swap){
		"written to": func(t *testing.T, s *swap) {
			done := s.append(t, s.base, "", s.next)
			t.Cleanup(func() {
				unix.FcntlInt(uintptr(s.next.fd), unix.F_SETLEASE, unix.F_UNLCK)
				check(t, <-done)
			})
		},
		"mode":      func(t *testing.T, s *swap) { check(t, unix.Fchmodat(s.dir, s.base, 0o600, 0)) },
		"owner":     func(t *testing.T, s *swap) { check(t, unix.Fchownat(s.dir, s.base, 1, -1, 0)) },
		"mtime":     func(t *testing.T, s *swap) { check(t, kernel.SetTimes(s.next.fd, 0, 1e18)) },
		"attribute": func(t *testing.T, s *swap) { check(t, unix.Fsetxattr(s.next.fd, "user.note", nil, 0)) },
	} {
		for _, plain := range []bool{false, true} {
			if plain && name == "mtime" {
				continue // that may be the filesystem's
			}
			t.Run(fmt.Sprintf("%s/%v", name, plain), func(t *testing.T) {
				if name == "owner" && os.Geteuid() != 0 {
					t.Skip("needs root: gives a file away")
				}
				s := newXattrSwap(t)
				s.wait(t)
				back := s.exchangedOrRenamed(t, plain)
				change(t, s)
				if r := back(skip(ReasonBusy)); r == nil || r.kind != Failed || r.err == nil {
					t.Errorf("%+v, want it told", r)
				}
				s.leads(t, s.base, s.prev.stat.ID)
			})
		}
	}
}

// exchangedOrRenamed has the name lead to the keeper, and returns the way back from there.
func (s *swap) exchangedOrRenamed(t *testing.T, plain bool) func(*refusal) *refusal {
	t.Helper()
	if s.plain = plain; !plain {
		check(t, kernel.Exchange(s.dir, s.tmp, s.base))
		return s.back
	}
	second := spare(s.tmp)
	check(t, kernel.Link(s.prev.fd, unix.AT_FDCWD, s.prev.path, s.dir, second))
	check(t, kernel.RenameOver(s.dir, s.tmp, s.base))
	s.tmp = second
	return s.renameBack
}

// TestGoOnChangedBehind: so it is with the file that a symbolic link led to.
func TestGoOnChangedBehind(t *testing.T) {
	s := newSwap(t)
	put(t, filepath.Dir(s.prev.path), "other", "same", 100)
	s.behind = openOther(t, s)
	check(t, kernel.Exchange(s.dir, s.tmp, s.base))
	check(t, unix.Fchmod(s.behind.fd, 0o600))
	if r := s.goOn(); r == nil || r.kind != Failed {
		t.Errorf("%+v", r)
	}
	s.leads(t, s.tmp, s.prev.stat.ID)
}
