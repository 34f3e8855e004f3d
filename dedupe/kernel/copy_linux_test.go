package kernel

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

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

// TestFreeOf: what is free is counted in other blocks than those that are best read.
func TestFreeOf(t *testing.T) {
	if free, err := freeOf(&unix.Statfs_t{Blocks: 20, Bavail: 10, Bsize: 128 << 10, Frsize: 512}); free != 5120 || err != nil {
		t.Errorf("%d bytes, %v", free, err)
	}
	if _, err := freeOf(&unix.Statfs_t{Frsize: 4096}); err == nil {
		t.Error("a filesystem without a limit is called full")
	}
}
