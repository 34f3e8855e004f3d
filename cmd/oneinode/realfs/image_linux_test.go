package realfs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// imagers make images of a directory that nobody can write to.
var imagers = map[string][]string{
	"squashfs": {"mksquashfs", "SOURCE", "IMAGE", "-quiet", "-no-progress"},
	"erofs":    {"mkfs.erofs", "--quiet", "IMAGE", "SOURCE"},
}

// mountImage mounts an image of a directory.
func mountImage(t testing.TB, kind, source string) string {
	t.Helper()
	needRoot(t)
	args := slices.Clone(imagers[kind])
	needTools(t, args[0])
	exec.Command("modprobe", kind).Run() // where it is not part of the kernel
	if known, err := os.ReadFile("/proc/filesystems"); err != nil || !strings.Contains(string(known), "\t"+kind+"\n") {
		t.Skipf("this kernel knows no %s", kind)
	}
	image := filepath.Join(tempDir(t), "image")
	args[slices.Index(args, "SOURCE")], args[slices.Index(args, "IMAGE")] = source, image
	tool(t, args[0], args[1:]...)
	dir := tempDir(t)
	mountOn(t, dir, "-t", kind, "-o", "loop,ro", image)
	return dir
}

// TestImageReference: squashfs and erofs know no fsync(2); there is nothing to flush, and
// files in them are kept ones like others.
func TestImageReference(t *testing.T) {
	t.Parallel()
	for kind := range imagers {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			source, dir := tempDir(t), tempDir(t)
			// Younger than the flush at the start of the run: the image has its times.
			soon := time.Now().Add(time.Hour)
			for _, d := range []string{source, dir} {
				must(t, os.WriteFile(filepath.Join(d, "file"), noise(1, 50_000), 0o644))
			}
			must(t, os.Chtimes(filepath.Join(source, "file"), soon, soon))
			kept := mountImage(t, kind, source)
			before := Manifest(t, dir)
			if did := Oneinode(t).Dedupe(0, "--link", "symlink", "--reference", kept, dir); did.Linked != 1 {
				t.Errorf("%d names linked, want 1", did.Linked)
			}
			CheckContent(t, before, Followed(t, dir))
		})
	}
}

// TestImageScan: nothing can be won in an image, and why is told as for what is read-only.
func TestImageScan(t *testing.T) {
	t.Parallel()
	for kind := range imagers {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			source := tempDir(t)
			makeShareable(t, source, 2, 5)
			r := Oneinode(t).Run("scan", mountImage(t, kind, source))
			if !strings.Contains(r.Stdout, "files stay: read-only filesystem") || strings.Contains(r.Stdout, "chattr") || strings.Contains(r.Stdout, "next: ") {
				t.Errorf("%s%s", r.Stdout, r.trouble())
			}
		})
	}
}

// TestImageBelow: an overlay over an image, as live systems have it, on a disk and in memory. What was
// put there is linked with its like, the image's files stay, and the figures are true.
func TestImageBelow(t *testing.T) {
	t.Parallel()
	for kind := range imagers {
		for _, name := range []string{"ext4", "tmpfs"} {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				source := tempDir(t)
				makeShareable(t, source, 2, 20)
				upper := leaseFilesystems[name](t)
				dir := overlayOver(t, mountImage(t, kind, source), upper)
				must(t, os.Mkdir(filepath.Join(dir, "put"), 0o755))
				makeShareable(t, filepath.Join(dir, "put"), 2, 20)
				checkBelow(t, dir, upper)
			})
		}
	}
}

func checkBelow(t *testing.T, dir, upper string) {
	t.Helper()
	before, free := Manifest(t, dir), FreeBytes(t, upper)
	oneinode := Oneinode(t)
	plan := oneinode.Dedupe(0, "-n", dir)
	done := oneinode.Dedupe(0, dir)
	if done.Linked != 35 || done.FreedBytes != plan.ReclaimableBytes || FreeBytes(t, upper)-free != done.FreedBytes {
		t.Errorf("%d bytes more are free\nplanned %+v\n   done %+v", FreeBytes(t, upper)-free, plan, done)
	}
	CheckSame(t, before, Manifest(t, dir))
	oneinode.Run("undo").want(t, 0)
	checkUndone(t, before, Manifest(t, dir))
}

// overlayOver mounts an overlay over a directory, with the upper layer on a disk.
func overlayOver(t testing.TB, lower, disk string) string {
	t.Helper()
	upper, work := filepath.Join(disk, "upper"), filepath.Join(disk, "work")
	for _, dir := range []string{upper, work} {
		must(t, os.Mkdir(dir, 0o755))
	}
	return mount(t, "overlay", "oneinode", "lowerdir="+lower+",upperdir="+upper+",workdir="+work)
}
