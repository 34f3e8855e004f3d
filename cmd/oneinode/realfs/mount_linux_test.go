package realfs_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

const mib = 1 << 20

// Disk is a filesystem to be made in a sparse image file.
type Disk struct {
	Size  int64    // bytes; 0 = as small as the filesystem likes
	Mkfs  []string // further arguments for mkfs
	Mount string   // options for mount -o
}

// Ext4 mounts a new ext4 and returns its directory.
func Ext4(t testing.TB, d Disk) string {
	t.Helper()
	d.Mkfs = append([]string{"-q", "-F", "-b", "4096", "-I", "256", "-m", "0"}, d.Mkfs...)
	return d.mounted(t, "ext4", 128*mib)
}

// XFS mounts a new xfs; mkfs.xfs refuses less than 300 MiB.
func XFS(t testing.TB, d Disk) string {
	t.Helper()
	d.Mkfs = append([]string{"-q", "-f"}, d.Mkfs...)
	return d.mounted(t, "xfs", 320*mib)
}

// Btrfs mounts a new btrfs with the subvolumes "one" and "two".
func Btrfs(t testing.TB, d Disk) string {
	t.Helper()
	d.Mkfs = append([]string{"-q", "-f"}, d.Mkfs...)
	dir := d.mounted(t, "btrfs", 320*mib)
	for _, name := range []string{"one", "two"} {
		tool(t, "btrfs", "subvolume", "create", filepath.Join(dir, name))
	}
	return dir
}

// mounted makes the image, the loop device, the filesystem and the mount. The
// image has no name as soon as the loop device has it open, and the loop device
// goes with the mount: nothing is left behind, even when the tests are killed.
func (d Disk) mounted(t testing.TB, kind string, least int64) string {
	t.Helper()
	needRoot(t)
	needTools(t, "mkfs."+kind, "losetup", "mount")
	image, err := os.CreateTemp(base, kind+"-*.img")
	must(t, err)
	defer os.Remove(image.Name())
	defer image.Close()
	must(t, image.Truncate(max(d.Size, least)))
	if d.Size > 0 {
		must(t, image.Truncate(d.Size))
	}
	tool(t, "mkfs."+kind, append(d.Mkfs, image.Name())...)
	out, err := exec.Command("losetup", "--find", "--show", image.Name()).CombinedOutput()
	if err != nil {
		missing(t, "no loop device: %v: %s", err, out)
	}
	device := strings.TrimSpace(string(out))
	// Detached now, it stays for as long as it is mounted.
	defer exec.Command("losetup", "--detach", device).Run()
	return mount(t, kind, device, d.Mount)
}

// mount mounts a device or a pseudo source on a new directory.
func mount(t testing.TB, kind, source, options string) string {
	t.Helper()
	dir := tempDir(t)
	mountOn(t, dir, "-t", kind, "-o", "defaults,"+options, source)
	must(t, os.Chmod(dir, 0o755))
	return dir
}

func mountOn(t testing.TB, dir string, args ...string) {
	t.Helper()
	out, err := exec.Command("mount", append(args, dir)...).CombinedOutput()
	if err != nil {
		missing(t, "mount %v: %v: %s", args, err, out)
	}
	t.Cleanup(func() { unmount(t, dir) })
}

func unmount(t testing.TB, dir string) {
	err := unix.Unmount(dir, 0)
	if errors.Is(err, unix.EBUSY) {
		err = unix.Unmount(dir, unix.MNT_DETACH)
	}
	if err != nil {
		t.Errorf("umount %s: %v", dir, err)
	}
}

// Tmpfs mounts a new tmpfs.
func Tmpfs(t testing.TB, options string) string {
	t.Helper()
	needRoot(t)
	return mount(t, "tmpfs", "oneinode", "size=64m,"+options)
}

// Layers are the directories of an overlayfs.
type Layers struct{ Merged, Lower, Upper string }

// Overlay mounts an overlayfs, both layers on one new ext4; fill puts files
// into the lower layer beforehand.
func Overlay(t testing.TB, fill func(lower string)) Layers {
	t.Helper()
	disk := Ext4(t, Disk{})
	l := Layers{Lower: filepath.Join(disk, "lower"), Upper: filepath.Join(disk, "upper")}
	work := filepath.Join(disk, "work")
	for _, dir := range []string{l.Lower, l.Upper, work} {
		must(t, os.Mkdir(dir, 0o755))
	}
	if fill != nil {
		fill(l.Lower)
	}
	l.Merged = mount(t, "overlay", "oneinode", "lowerdir="+l.Lower+",upperdir="+l.Upper+",workdir="+work)
	return l
}

// Bind mounts src on dst once more.
func Bind(t testing.TB, src, dst string) {
	t.Helper()
	needRoot(t)
	must(t, os.MkdirAll(dst, 0o755))
	mountOn(t, dst, "--bind", src)
}

// ReadOnly remounts a mount so that nothing can be changed in it.
func ReadOnly(t testing.TB, dir string) {
	t.Helper()
	tool(t, "mount", "-o", "remount,ro", dir)
	t.Cleanup(func() { exec.Command("mount", "-o", "remount,rw", dir).Run() })
}

// flushed has all data of a filesystem on disk.
func flushed(t testing.TB, dir string) {
	t.Helper()
	f, err := os.Open(dir)
	must(t, err)
	defer f.Close()
	must(t, unix.Syncfs(int(f.Fd())))
}

// FreeBytes is what the filesystem has free once everything is written out.
func FreeBytes(t testing.TB, dir string) int64 {
	t.Helper()
	flushed(t, dir)
	var s unix.Statfs_t
	must(t, unix.Statfs(dir, &s))
	return int64(s.Bfree) * int64(s.Bsize)
}

// tool runs a program of the machine that must succeed.
func tool(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}
