package dedupe

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/scan"
)

// TestStoreInMemory: on tmpfs a store to a page that was mapped by a read moves no times. A
// file that changed so since it was read, and rests again, is not replaced.
func TestStoreInMemory(t *testing.T) {
	t.Parallel()
	var fs unix.Statfs_t
	if err := unix.Statfs("/dev/shm", &fs); err != nil || fs.Type != unix.TMPFS_MAGIC {
		t.Skipf("/dev/shm is no tmpfs: %v", err)
	}
	dir, err := os.MkdirTemp("/dev/shm", "oneinode")
	check(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	put(t, dir, "kept", "same", 100)
	put(t, dir, "copy", "same", 200)
	time.Sleep(clockMargin + 50*time.Millisecond)
	res := find(t, dir, scan.Root{})
	barrier := Settle(res.Tree)
	store(t, filepath.Join(dir, "copy"))
	w := begun(t, t.TempDir())
	defer w.Close()
	totals, err := Apply(t.Context(), planOf(res, decide.Policy{Keep: decide.KeepOldest}, nil), ApplyOptions{Barrier: barrier, Journal: w, Run: "0123abcd"})
	check(t, err)
	if got, err := os.ReadFile(filepath.Join(dir, "copy")); err != nil || string(got) != "Same" {
		t.Errorf("%+v: copy holds %q, %v", totals, got, err)
	}
}

// store changes the first byte of a file through a mapping, of which it has read before.
func store(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	check(t, err)
	defer f.Close()
	mem, err := unix.Mmap(int(f.Fd()), 0, 4, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	check(t, err)
	mem[0] -= 's' - 'S'
	check(t, unix.Munmap(mem))
}
