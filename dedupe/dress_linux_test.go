package dedupe

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// TestSetXattrs: a copy has the attributes of the old file and no others, and one of which
// that is not known is none.
func TestSetXattrs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	put(t, filepath.Dir(path), "file", "content", 100)
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	check(t, err)
	if err := unix.Fsetxattr(fd, "user.inherited", []byte("x"), 0); err != nil {
		t.Skip("no attributes here: ", err)
	}
	check(t, setXattrs(fd, map[string][]byte{"user.note": []byte("mine")}))
	got, err := hash.Xattrs(fd)
	check(t, err)
	if string(got["user.note"]) != "mine" || got["user.inherited"] != nil {
		t.Errorf("attributes %q", got)
	}
	check(t, unix.Close(fd))
	if err := setXattrs(fd, nil); !errors.Is(err, unix.EBADF) {
		t.Errorf("attributes that cannot be listed: %v", err)
	}
}

// TestProve: a copy counts if it holds what it shall, and its source has not moved
// meanwhile.
func TestProve(t *testing.T) {
	s := openSwap(t)
	put(t, filepath.Dir(s.prev.path), "other", "sane", 100)
	now, err := scan.StatAt(s.dir, "other")
	check(t, err)
	other, r := openVerified(s.dir, "other", "other", now)
	if r != nil {
		t.Fatal(r.reason, r.err)
	}
	defer other.close()
	want, err := hash.Sum(t.Context(), s.prev.fd, s.prev.stat.Size)
	check(t, err)
	prove := func(copy *handle, want *hash.Digest, reason string) {
		t.Helper()
		c := copied{handle: *copy}
		if got := reasonOf(c.prove(t.Context(), s.prev, want)); got != reason {
			t.Errorf("%q, want %q", got, reason)
		}
	}
	prove(s.next, nil, "")
	prove(s.next, &want, "")
	prove(other, nil, ReasonChanged)
	prove(other, &want, ReasonEdited)
	check(t, unix.Fchmod(s.prev.fd, 0o600))
	prove(s.next, nil, ReasonChanged)
	prove(s.next, &want, ReasonChanged)
}

// TestUndressed: what a filesystem does not take of a copy's attributes is told as that.
func TestUndressed(t *testing.T) {
	s := openSwap(t)
	look := journal.Old{UID: uint32(os.Geteuid()), GID: uint32(os.Getegid()), Mode: 0o600, Xattrs: journal.Xattrs{"unknown.class": []byte("x")}}
	c, r := copyOf(t.Context(), place{dir: s.dir, path: temporaryName("0123abcd"), lock: new(sync.Mutex)}, s.prev, &look, nil)
	if r == nil {
		c.close()
		t.Skip("this filesystem takes every attribute")
	}
	if r.kind != Failed || r.reason != ReasonUndressed || !errors.Is(r.err, unix.EOPNOTSUPP) {
		t.Errorf("%+v", r)
	}
	if r := refusedDress(unix.EPERM); r.kind != Failed || r.reason != ReasonNotOurs {
		t.Errorf("a group that the user may not give: %+v", r)
	}
	if r := refusedDress(unix.ENOSPC); r.reason != ReasonFull {
		t.Errorf("a full disk: %+v", r)
	}
}

// TestDressReadOnly: a user's file that nobody may write to gets its attributes back.
func TestDressReadOnly(t *testing.T) {
	dir := openDir(t, t.TempDir())
	check(t, unix.Fchmod(dir, 0o777))
	uid := ordinary(t)
	fd, err := kernel.OpenUnnamed(dir)
	if err != nil {
		t.Skip("no unnamed files here: ", err)
	}
	defer kernel.Close(fd)
	if unix.Fsetxattr(fd, "user.inherited", []byte("x"), 0) != nil {
		t.Skip("no attributes here")
	}
	look := journal.Old{UID: uid, GID: uint32(os.Getgid()), Mode: 0o444, Mtime: 100, Xattrs: journal.Xattrs{"user.note": []byte("mine")}}
	check(t, dress(fd, &look))
	got, err := hash.Xattrs(fd)
	check(t, err)
	if st, err := scan.FStat(fd); err != nil || st.Mode&scan.Permissions != 0o444 || len(got) != 1 || string(got["user.note"]) != "mine" {
		t.Errorf("mode %o, attributes %q, %v", st.Mode&scan.Permissions, got, err)
	}
}

// ordinary has the rest of the test, where root runs it, deal with files as an ordinary
// user does, whom it returns.
func ordinary(t *testing.T) uint32 {
	if os.Geteuid() != 0 {
		return uint32(os.Geteuid())
	}
	const nobody = 65534
	runtime.LockOSThread()
	check(t, unix.Setfsuid(nobody)) // the rights of root go with it (setfsuid(2))
	t.Cleanup(func() {
		check(t, unix.Setfsuid(0))
		runtime.UnlockOSThread()
	})
	return nobody
}
