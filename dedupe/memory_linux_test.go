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
// file that changed so since it was read, and rests again, is not replaced, nor where tmpfs is the
// upper layer of an overlay.
func TestStoreInMemory(t *testing.T) {
	t.Parallel()
	for name, where := range map[string]func(t *testing.T) string{"tmpfs": inMemory, "overlay": func(t *testing.T) string { return overlayInMemory(t, t.TempDir()) }} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storeUnseen(t, where(t))
		})
	}
}

func storeUnseen(t *testing.T, dir string) {
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

// inMemory makes a directory on tmpfs.
func inMemory(t *testing.T) string {
	t.Helper()
	var fs unix.Statfs_t
	if err := unix.Statfs("/dev/shm", &fs); err != nil || fs.Type != unix.TMPFS_MAGIC {
		t.Skipf("/dev/shm is no tmpfs: %v", err)
	}
	dir, err := os.MkdirTemp("/dev/shm", "oneinode")
	check(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// overlayInMemory mounts an overlay that keeps on tmpfs what is written to it.
func overlayInMemory(t *testing.T, lower string) string {
	t.Helper()
	memory, point := inMemory(t), t.TempDir()
	for _, name := range []string{"upper", "work"} {
		check(t, os.Mkdir(filepath.Join(memory, name), 0o755))
	}
	options := "lowerdir=" + lower + ",upperdir=" + memory + "/upper,workdir=" + memory + "/work"
	if err := unix.Mount("overlay", point, "overlay", 0, options); err != nil {
		t.Skipf("an overlay cannot be mounted: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(point, unix.MNT_DETACH) })
	return point
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

// TestUnguardedOnce: files of an overlay may lie on several devices, of which nobody knows.
func TestUnguardedOnce(t *testing.T) {
	t.Parallel()
	lower, told := t.TempDir(), 0
	put(t, lower, "below", "same", 100)
	dir := overlayInMemory(t, lower)
	put(t, dir, "above", "same", 100)
	a := applier{res: find(t, dir, scan.Root{}), opts: ApplyOptions{OnUnguarded: func(Unguarded) { told++ }}}
	if n := len(a.res.Tree.Filesystems()); n < 2 {
		t.Skip("one device")
	}
	for n := range a.res.Tree.Len() {
		a.tellUnguarded(scan.Name(n), &handle{leased: true})
	}
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}
