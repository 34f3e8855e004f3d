package kernel

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/sample"
	"github.com/oneinode/oneinode/scan"
)

var check = sample.Check

// TestCreateNamed: a copy that must have a name takes none that somebody has.
func TestCreateNamed(t *testing.T) {
	path := t.TempDir()
	check(t, os.WriteFile(filepath.Join(path, "mine"), []byte("content"), 0o600))
	check(t, os.Symlink("nowhere", filepath.Join(path, "link")))
	dir, err := os.Open(path)
	check(t, err)
	defer dir.Close()
	for _, name := range []string{"mine", "link"} {
		if fd, err := createNamed(int(dir.Fd()), name); err != unix.EEXIST {
			unix.Close(fd)
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWriteSparse: what is zero takes no room in a copy, and what is not comes to its place.
func TestWriteSparse(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	check(t, err)
	defer f.Close()
	const size = 1 << 20
	want := make([]byte, size)
	copy(want[300<<10:], "some")
	copy(want[size-5:], "ends") // and with a zero
	check(t, f.Truncate(size))
	for at := 0; at < size; at += 250 << 10 {
		check(t, writeSparse(int(f.Fd()), want[at:min(at+250<<10, size)], int64(at)))
	}
	got, err := os.ReadFile(f.Name())
	check(t, err)
	now, err := scan.FStatNow(int(f.Fd()))
	if check(t, err); !bytes.Equal(got, want) || now.Allocated > 64<<10 {
		t.Errorf("equal %v, %d bytes allocated", bytes.Equal(got, want), now.Allocated)
	}
}

// TestHolesUntold: where holes can be found they are not looked for by content; where lseek(2)
// shows none, or fails, in a file that must have some, they are.
func TestHolesUntold(t *testing.T) {
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "full"), []byte("content"), 0o600))
	check(t, os.WriteFile(filepath.Join(dir, "sparse"), nil, 0o600))
	check(t, os.Truncate(filepath.Join(dir, "sparse"), 1<<20))
	for name, size := range map[string]int64{"full": 7, "sparse": 1 << 20} {
		f, err := os.Open(filepath.Join(dir, name))
		check(t, err)
		defer f.Close()
		if holesUntold(int(f.Fd()), size) {
			t.Errorf("%s: its holes are said not to be told", name)
		}
	}
	if allData(4096, 8192, nil) || !allData(8192, 8192, nil) || !allData(0, 8192, unix.EINVAL) {
		t.Error("what lseek(2) says is not understood")
	}
}
