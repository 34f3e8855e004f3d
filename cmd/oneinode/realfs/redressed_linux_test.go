package realfs_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestAttributeMeanwhile: an attribute that is set on a path in the instant of its replace is there
// afterwards: the path has its file back. The names are exchanged 300 ms late here, or
// renamed where names cannot be exchanged.
func TestAttributeMeanwhile(t *testing.T) {
	t.Parallel()
	for name, inject := range map[string][]string{
		"exchange": {"renameat2:delay_enter=300ms"},
		"rename":   {noExchange, "renameat:delay_enter=300ms"},
	} {
		for _, link := range []string{"hard", "symlink"} {
			t.Run(name+"/"+link, func(t *testing.T) {
				t.Parallel()
				untilInTime(t, func(t *testing.T) bool { return attributeMeanwhile(t, inject, link) })
			})
		}
	}
}

func attributeMeanwhile(t *testing.T, inject []string, link string) (inTime bool) {
	dir := tempDir(t)
	_, victim, content := duo(t, dir)
	if err := unix.Setxattr(victim, "user.note", nil, 0); err != nil {
		t.Skip("no attributes here: ", err)
	}
	must(t, unix.Removexattr(victim, "user.note"))
	old := inode(t, victim)
	names, run := Oneinode(t).replacing(dir, inject, "dedupe", "--link", link, dir)
	time.Sleep(time.Until(names.seen.Add(150 * time.Millisecond)))
	must(t, unix.Setxattr(victim, "user.note", []byte("mine"), 0))
	inTime = inode(t, victim) == old
	r := run.wait()
	if !inTime {
		return false
	}
	if r.Code != 0 {
		t.Errorf("exit code %d\n%s", r.Code, r.trouble())
	}
	got := make([]byte, 8)
	if n, err := unix.Getxattr(victim, "user.note", got); err != nil || string(got[:n]) != "mine" {
		t.Errorf("%q, %v", got, err)
	}
	if st, err := os.Lstat(victim); err != nil || !st.Mode().IsRegular() {
		t.Errorf("%v, %v", st, err)
	}
	wantContent(t, filepath.Join(dir, "victim"), content)
	noLeftovers(t, Manifest(t, dir))
	return true
}

// TestWriterWhileAttributesAreRead: a program that comes to the old file while its attributes are looked at once
// more, which takes 300 ms here, finds what it has written under the path. The temporary name
// stands for a look-up from before the exchange: a signal must not have it looked up anew.
func TestWriterWhileAttributesAreRead(t *testing.T) {
	t.Parallel()
	for _, link := range []string{"hard", "symlink"} {
		t.Run(link, func(t *testing.T) {
			t.Parallel()
			untilInTime(t, func(t *testing.T) bool { return writerWhileAttributesAreRead(t, link) })
		})
	}
}

func writerWhileAttributesAreRead(t *testing.T, link string) (inTime bool) {
	dir := tempDir(t)
	_, victim, content := duo(t, dir)
	old := inode(t, victim)
	run := Oneinode(t).Start(strace(t, []string{"flistxattr:delay_enter=300ms"}), "dedupe", "--link", link, dir)
	aside := asideOf(dir, old, run.done)
	err := undisturbed(func() error { return writeLate(aside, os.O_APPEND) })
	r := run.wait()
	if errors.Is(err, os.ErrNotExist) { // the replace is over
		return false
	}
	must(t, err)
	got, err := os.ReadFile(victim)
	if must(t, err); string(got) != string(content)+"LATE" {
		t.Errorf("exit code %d, and what was written is not there\n%s", r.Code, r.trouble())
	}
	return true
}

// asideOf waits until a temporary name leads to an inode, and returns it, or "" at the end of the run.
func asideOf(dir string, inode uint64, done <-chan struct{}) string {
	for {
		names, _ := filepath.Glob(filepath.Join(dir, ".oneinode-*"))
		for _, name := range names {
			var st unix.Stat_t
			if unix.Lstat(name, &st) == nil && st.Ino == inode {
				return name
			}
		}
		select {
		case <-done:
			return ""
		case <-time.After(time.Millisecond):
		}
	}
}

// TestApartAttributeMeanwhile: so it is where an undo or a split gives the path a copy of its
// own: it stays with the shared file, which is told.
func TestApartAttributeMeanwhile(t *testing.T) {
	t.Parallel()
	needTools(t, "strace")
	eachApart(t, func(t *testing.T, command, link string) {
		for name, inject := range map[string][]string{
			"exchange": {"renameat2:delay_enter=300ms"},
			"rename":   {noExchange, "renameat:delay_enter=300ms"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				untilInTime(t, func(t *testing.T) bool { return apartAttribute(t, command, link, inject) })
			})
		}
	})
}

func apartAttribute(t *testing.T, command, link string, inject []string) (inTime bool) {
	dir, content, names, run := apart(t, command, link, inject...)
	victim := filepath.Join(dir, "victim")
	time.Sleep(time.Until(names.seen.Add(150 * time.Millisecond)))
	if err := unix.Setxattr(victim, "user.note", []byte("mine"), 0); err != nil {
		run.wait()
		t.Skip("no attributes here: ", err)
	}
	inTime = linked(t, dir)
	r := run.wait()
	if !inTime {
		return false
	}
	if r.Code != 3 || !strings.Contains(r.trouble(), "changed since it was read") {
		t.Errorf("exit code %d\n%s", r.Code, r.trouble())
	}
	got := make([]byte, 8)
	if n, err := unix.Getxattr(victim, "user.note", got); err != nil || string(got[:n]) != "mine" {
		t.Errorf("%q, %v", got, err)
	}
	wantContent(t, victim, content)
	noLeftovers(t, Manifest(t, dir))
	return true
}
