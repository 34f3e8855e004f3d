package dedupe

import (
	"errors"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/hash"
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
