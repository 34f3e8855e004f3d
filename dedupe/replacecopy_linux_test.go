package dedupe

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/scan"
)

// append has a program append text to a name, and returns once it waits for the
// lease of h, or is done. It has a thread of its own that takes no signals: Go's
// own would send the call back to its beginning.
func (s *swap) append(t *testing.T, name, text string, h *handle) (done chan error) {
	t.Helper()
	path := filepath.Join(filepath.Dir(s.prev.path), name)
	done = make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and ends with the goroutine
		var all unix.Sigset_t
		for i := range all.Val {
			all.Val[i]--
		}
		if err := unix.PthreadSigmask(unix.SIG_BLOCK, &all, nil); err != nil {
			done <- err
			return
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		if err == nil {
			_, err = f.WriteString(text)
			err = cmp.Or(err, f.Close())
		}
		done <- err
	}()
	for !h.knocked() && len(done) == 0 {
		time.Sleep(time.Millisecond)
	}
	return done
}

// exchanged goes from the last look to the exchange and what comes after it, with
// others at work before and after. It ends as run does.
func (s *swap) exchanged(t *testing.T, after func()) *refusal {
	t.Helper()
	if !s.plain {
		check(t, kernel.Exchange(s.dir, s.tmp, s.base))
		after()
		if r := s.cameOut(); r != nil {
			return s.back(r)
		}
		return s.removeOld(s.back)
	}
	second := spare(s.tmp)
	check(t, kernel.Link(s.prev.fd, unix.AT_FDCWD, s.prev.path, s.dir, second))
	check(t, kernel.RenameOver(s.dir, s.tmp, s.base))
	s.tmp = second
	after()
	if r := s.cameOut(); r != nil {
		return s.renameBack(r)
	}
	return s.removeOld(s.renameBack)
}

// TestWritersAndCopy: whoever comes to the old file or to its copy while a name goes
// from one to the other finds its bytes under the name that it came by.
func TestWritersAndCopy(t *testing.T) {
	for _, c := range []struct {
		name               string
		old, turned, fresh bool   // writers: at the old file; at it, but sent back by a signal; at the copy
		alone              bool   // the old file has no other name
		isCopy             bool   // what the name leads to afterwards
		victim, other, tmp string // what was appended to what is found there
	}{
		{name: "nobody", isCopy: true},
		{name: "at the old file", old: true, victim: "old", other: "old"},
		{name: "at the copy", fresh: true, isCopy: true, victim: "fresh"},
		{name: "sent back", turned: true, fresh: true, isCopy: true, victim: "fresh"},
		{name: "at both", old: true, fresh: true, isCopy: true, victim: "fresh", other: "old"},
		{name: "at both, no other name", old: true, fresh: true, alone: true, isCopy: true, victim: "fresh", tmp: "old"},
	} {
		for _, how := range []string{"exchange", "rename"} {
			t.Run(c.name+"/"+how, func(t *testing.T) {
				s := newCopySwap(t).placed(t)
				s.plain = how == "rename"
				if c.alone {
					check(t, kernel.Unlink(s.dir, "other"))
				}
				var writers []chan error
				if c.old {
					name := "other"
					if c.alone {
						name = "victim"
					}
					writers = append(writers, s.append(t, name, "old", s.prev))
				}
				if c.turned {
					s.knock(t, "victim")
				}
				r := s.exchanged(t, func() {
					if c.fresh {
						writers = append(writers, s.append(t, "victim", "fresh", s.next))
					}
				})
				if told := r != nil && r.kind == Failed; told != (c.old && c.fresh) {
					t.Errorf("told %+v", r)
				}
				s.prev.close()
				s.next.close()
				for _, done := range writers {
					check(t, <-done)
				}
				s.wants(t, "victim", c.victim)
				if !c.alone {
					s.wants(t, "other", c.other)
				}
				if c.tmp != "" {
					s.wants(t, s.tmp, c.tmp)
				} else if _, err := scan.StatAt(s.dir, s.tmp); err == nil {
					t.Error("the temporary name is still there")
				}
				now, err := scan.StatAt(s.dir, "victim")
				check(t, err)
				if isCopy := now.ID == s.next.stat.ID; isCopy != c.isCopy {
					t.Errorf("leads to the copy: %v", isCopy)
				}
			})
		}
	}
}

// wants proves that a name holds what the victim held, and this after it.
func (s *swap) wants(t *testing.T, name, appended string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(filepath.Dir(s.prev.path), name))
	check(t, err)
	if got, ok := strings.CutPrefix(string(b), "same"); !ok || got != appended {
		t.Errorf("%s holds %q, want %q appended", name, b, appended)
	}
}

// TestKnockBefore: a writer that comes before the exchange is not let in for it.
func TestKnockBefore(t *testing.T) {
	s := newCopySwap(t)
	s.knock(t, "other")
	if r := s.place(); r != nil {
		t.Fatal(r.reason, r.err)
	}
	if r := s.lastLook(); r == nil || r.reason != ReasonBusy {
		t.Errorf("the knock was not heard: %+v", r)
	}
}

// TestKnockDuringCopy: one that comes while the copy is made need not wait for more.
func TestKnockDuringCopy(t *testing.T) {
	s := openSwap(t)
	s.knock(t, "victim")
	look, err := lookOf(s.prev)
	check(t, err)
	c, r := copyOf(t.Context(), place{dir: s.dir, path: spare(s.tmp), lock: new(sync.Mutex)}, s.prev, look, nil)
	if r == nil {
		c.close()
	}
	if r == nil || r.reason != ReasonBusy {
		t.Errorf("the knock was not heard: %+v", r)
	}
}

// TestForgetNameless: a copy goes on for the other names only if it has one of its own.
func TestForgetNameless(t *testing.T) {
	s := openSwap(t)
	look, err := lookOf(s.prev)
	check(t, err)
	for _, c := range []struct {
		linked, kept bool
	}{{false, false}, {true, true}} {
		fresh, r := copyOf(t.Context(), place{dir: s.dir, path: spare(s.tmp), lock: new(sync.Mutex)}, s.prev, look, nil)
		if r != nil {
			t.Fatal(r.reason, r.err)
		}
		if (fresh.stat.Links > 0) != (fresh.named != "") {
			t.Errorf("a copy of the name %q has %d links", fresh.named, fresh.stat.Links)
		}
		home, err := unix.Dup(s.dir)
		check(t, err)
		sep := &separation{fresh: fresh, home: home}
		if c.linked {
			check(t, kernel.Link(fresh.fd, unix.AT_FDCWD, fresh.path, s.dir, s.tmp))
		}
		sep.forgetNameless()
		if kept := sep.fresh != nil; kept != c.kept {
			t.Errorf("%+v: kept %v", c, kept)
		}
		sep.close()
		if _, err := scan.StatAt(s.dir, s.tmp); (err == nil) != c.kept {
			t.Errorf("%+v: the name: %v", c, err)
		}
		kernel.Unlink(s.dir, s.tmp)
	}
	sep := &separation{fresh: &copied{handle: handle{fd: -1}, dir: -1, named: "first"}, home: -1}
	if sep.forgetNameless(); sep.fresh == nil {
		t.Error("a copy that cannot be looked at is forgotten, and nobody hears of the name that it may have")
	}
}

// TestEndTells: when an undo is stopped before the turn of a copy that was made ahead, its first name is
// gone, or told; so is that of one which could not be made, and which is told once.
func TestEndTells(t *testing.T) {
	s := openSwap(t)
	sep := &separation{left: &staysError{unix.EIO, "tmp"}}
	if r := sep.withoutFirst(skip(ReasonBusy)); r.kind != Failed || !strings.Contains(r.err.Error(), "tmp") {
		t.Errorf("%+v", r)
	}
	if r := sep.end(); r != nil {
		t.Errorf("told twice: %+v", r)
	}
	sep.left = &staysError{unix.EIO, "tmp"}
	if r := sep.end(); r == nil || !r.namesOne() {
		t.Errorf("untold: %+v", r)
	}
	for _, named := range []string{"", s.tmp} {
		home, err := unix.Dup(s.dir)
		check(t, err)
		fd, err := unix.Dup(s.prev.fd)
		check(t, err)
		sep = &separation{fresh: &copied{handle: handle{fd: fd}, dir: s.dir, lock: new(sync.Mutex), named: named}, home: home}
		if named != "" {
			check(t, kernel.Link(fd, s.dir, "victim", s.dir, named))
			sep.fresh.dir = -1 // so that it cannot be removed
		}
		if r := sep.end(); (r != nil && r.namesOne()) != (named != "") || sep.fresh != nil {
			t.Errorf("%q: %+v", named, r)
		}
	}
}

// TestFirstNameTold: the first name of a copy that nothing becomes of is gone, and the directory's mtime as it was, or
// the name is told.
func TestFirstNameTold(t *testing.T) {
	for _, stays := range []bool{false, true} {
		s := openSwap(t)
		look, err := lookOf(s.prev)
		check(t, err)
		fresh, r := copyOf(t.Context(), place{dir: s.dir, lock: new(sync.Mutex)}, s.prev, look, nil)
		if r != nil {
			t.Fatal(r.reason, r.err)
		}
		fresh.named = unfinished(s.tmp)
		check(t, kernel.Link(fresh.fd, unix.AT_FDCWD, "", s.dir, fresh.named))
		home, err := unix.Dup(s.dir)
		check(t, err)
		sep := &separation{fresh: fresh, home: home, keeper: keepers{s.prev.stat.Ino}}
		if stays {
			if err := unix.IoctlSetPointerInt(s.dir, unix.FS_IOC_SETFLAGS, unix.STATX_ATTR_APPEND); err != nil {
				t.Skip("no append-only directories here: ", err)
			}
			t.Cleanup(func() { check(t, unix.IoctlSetPointerInt(s.dir, unix.FS_IOC_SETFLAGS, 0)) })
		}
		before, err := scan.FStat(s.dir)
		check(t, err)
		base := map[bool]string{false: "keeper", true: "victim"}[stays] // which is no name of the shared file
		_, r = sep.name(t.Context(), place{s.dir, base, s.tmp, new(sync.Mutex)})
		if r == nil || strings.Contains(fmt.Sprint(r.err), unfinished(s.tmp)) != stays || stays != (r.kind == Failed) {
			t.Errorf("stays: %v: %+v", stays, r)
		}
		if is := slices.Contains(namesIn(t, s.dir), unfinished(s.tmp)); is != stays {
			t.Errorf("the name is there: %v, want %v", is, stays)
		}
		if now, err := scan.FStat(s.dir); err != nil || now.Mtime != before.Mtime {
			t.Errorf("the directory has another mtime: %v", err)
		}
		sep.close()
	}
}
