package scan

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// needRoot skips a test that mounts.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("mounting needs root")
	}
}

// mount mounts and takes the mount away with the test.
func mount(t *testing.T, source, target, kind string, flags uintptr, data string) {
	t.Helper()
	must(t, os.MkdirAll(target, 0o755))
	mountOver(t, source, target, kind, flags, data)
}

// mountOver mounts over what is there, a file perhaps.
func mountOver(t *testing.T, source, target, kind string, flags uintptr, data string) {
	t.Helper()
	if err := unix.Mount(source, target, kind, flags, data); err != nil {
		t.Skipf("this kernel or container does not let us mount %s: %v", kind, err)
	}
	t.Cleanup(func() { unix.Unmount(target, unix.MNT_DETACH) })
}

// mountImage makes a filesystem in a file and mounts it.
func mountImage(t *testing.T, size int64, mkfs ...string) string {
	t.Helper()
	needRoot(t)
	dir := t.TempDir()
	image, point := filepath.Join(dir, "image"), filepath.Join(dir, "mnt")
	must(t, os.WriteFile(image, nil, 0o600))
	must(t, os.Truncate(image, size))
	must(t, os.Mkdir(point, 0o755))
	if out, err := exec.Command(mkfs[0], append(mkfs[1:], image)...).CombinedOutput(); err != nil {
		t.Skipf("%v: %v\n%s", mkfs, err, out)
	}
	if out, err := exec.Command("mount", "-o", "loop", image, point).CombinedOutput(); err != nil {
		t.Skipf("loop mount: %v\n%s", err, out)
	}
	t.Cleanup(func() { exec.Command("umount", "-l", point).Run() })
	return point
}

// TestNestedMounts: tmpfs is entered, but not with -x; proc never is.
func TestNestedMounts(t *testing.T) {
	needRoot(t)
	dir := plant(t, "file a")
	mount(t, "tmpfs", dir+"/tmp", "tmpfs", 0, "")
	mount(t, "proc", dir+"/proc", "proc", 0, "")
	grow(t, dir, "file tmp/b", "file tmp/sub/c")
	tree, told := walk(t, Options{}, dir)
	same(t, "names", paths(tree, dir), []string{"a", "tmp/b", "tmp/sub/c"})
	same(t, "skips", told.reasons(dir), []string{"proc: " + ReasonVirtual})
	a, b, c := nameOf(t, tree, dir+"/a"), nameOf(t, tree, dir+"/tmp/b"), nameOf(t, tree, dir+"/tmp/sub/c")
	if tree.Domain(a) == tree.Domain(b) || tree.Domain(b) != tree.Domain(c) {
		t.Error("domains are wrong")
	}
	if fs := tree.Filesystems()[tree.Domain(b)]; fs.Type != "tmpfs" || fs.Point != dir+"/tmp" {
		t.Errorf("%+v", fs)
	}
	if list := tree.Filesystems(); len(list) != 2 {
		t.Errorf("a filesystem that is never entered counts as met: %+v", list)
	}
	tree, told = walk(t, Options{OneFilesystem: true}, dir)
	same(t, "names with -x", paths(tree, dir), []string{"a"})
	same(t, "skips with -x", told.reasons(dir), []string{"proc: " + ReasonOtherMount, "tmp: " + ReasonOtherMount})
	tree, _ = walk(t, Options{OneFilesystem: true}, dir, dir+"/tmp")
	same(t, "names with two roots and -x", paths(tree, dir), []string{"a", "tmp/b", "tmp/sub/c"})
}

func TestVirtualRoots(t *testing.T) {
	for _, path := range []string{"/proc", "/proc/self/task", "/proc/cpuinfo", "/sys"} {
		if _, err := os.Stat(path); err != nil {
			t.Skipf("%s is not here", path)
		}
		if err := rootError(t, path); !strings.Contains(err.Error(), ReasonVirtual+" (its files are answers of the system") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestBindMounts: a directory behind two mounts is read once, and the domains
// tell where links are possible.
func TestBindMounts(t *testing.T) {
	needRoot(t)
	dir := plant(t, "file d/f", "link d/f g", "file d/sub/h", "dir bind", "file target 3", "file source 5")
	mount(t, dir+"/d", dir+"/bind", "", unix.MS_BIND, "")
	mountOver(t, dir+"/source", dir+"/target", "", unix.MS_BIND, "")
	tree, told := walk(t, Options{}, dir)
	if tree.Len() != 5 || len(told.list) != 1 || told.list[0].Reason != ReasonSeen {
		t.Fatalf("%q, skips %+v", paths(tree, dir), told.list)
	}
	source, target := nameOf(t, tree, dir+"/source"), nameOf(t, tree, dir+"/target")
	if tree.ID(source) != tree.ID(target) || tree.Domain(source) == tree.Domain(target) || tree.Size(target) != 5 {
		t.Error("a file mounted over a file is in a domain of its own")
	}
	if tree.Dir(source) != tree.Dir(target) {
		t.Error("one directory, two Dirs")
	}
	if st := tree.Filesystems()[tree.Domain(target)]; st.Point != dir+"/target" {
		t.Errorf("%+v", st)
	}
	if got := tree.Whole(); got.Inodes != 3 || got.Names != 5 || got.Apparent != 7 {
		t.Errorf("an inode in two domains counts once: %+v", got)
	}
	tree, _ = walk(t, Options{}, dir+"/d", dir+"/bind")
	same(t, "both roots", paths(tree, dir), []string{"d/f", "d/sub/h"})
	tree, _ = walk(t, Options{}, dir+"/bind/f", dir+"/d", dir+"/bind/sub")
	same(t, "files and roots", paths(tree, dir), []string{"bind/f", "bind/sub/h"})
	tree, _ = walk(t, Options{OneFilesystem: true}, dir)
	if tree.Len() != 5 {
		t.Errorf("with -x a bind mount of the same device is entered: %q", paths(tree, dir))
	}
	tree, _ = walk(t, Options{}, "!"+dir+"/bind", dir+"/d/sub", dir+"/d/f")
	for i := range tree.Len() {
		if !tree.Protected(Name(i)) {
			t.Errorf("%s is reached from a protected root", tree.Path(Name(i)))
		}
	}
}

// TestUnknownMount: before Linux 5.8 statx(2) does not tell the mount, and without /proc
// nothing does; the type is known all the same, which decides what a lease is worth.
func TestUnknownMount(t *testing.T) {
	needRoot(t)
	dir := t.TempDir()
	mount(t, "tmpfs", dir, "tmpfs", 0, "")
	fd, err := unix.Open(dir, pathFlags, 0)
	must(t, err)
	defer unix.Close(fd)
	st, err := FStat(fd)
	must(t, err)
	for point, table := range map[string]mountTable{dir: {}, "": {reads: maxMountReads}} {
		d := domains{mounts: table}
		if _, err := d.lookup(domainKey{dev: st.Dev}, fd); err != nil {
			t.Fatal(err)
		}
		if fs := d.list[0]; fs.Type != "tmpfs" || fs.Point != point {
			t.Errorf("%+v, want the point %q", fs, point)
		}
	}
	if kind := mountType(fd, 0); kind != "tmpfs" {
		t.Errorf("by a descriptor: %q", kind)
	}
	if kind := typeOf(unix.FUSE_SUPER_MAGIC); kind != "fuse" {
		t.Errorf("FUSE: %q", kind)
	}
}

func TestBlankInMountPoint(t *testing.T) {
	needRoot(t)
	dir := t.TempDir() + "/with blank\tand \\040"
	mount(t, "tmpfs", dir, "tmpfs", 0, "")
	must(t, os.WriteFile(dir+"/f", nil, 0o644))
	tree, _ := walk(t, Options{}, dir)
	if fs := tree.Filesystems()[0]; fs.Point != dir {
		t.Errorf("%+v", fs)
	}
}

// TestOverlay: files of a layer on another filesystem may show its device.
func TestOverlay(t *testing.T) {
	needRoot(t)
	dir := t.TempDir()
	mount(t, "tmpfs", dir+"/lower", "tmpfs", 0, "")
	mount(t, "tmpfs", dir+"/upper", "tmpfs", 0, "")
	grow(t, dir, "file lower/l", "file lower/both 2", "file upper/up/u", "file upper/up/both 3", "file lower/sub/s", "dir upper/work")
	mount(t, "overlay", dir+"/merged", "overlay", 0, "xino=off,lowerdir="+dir+"/lower,upperdir="+dir+"/upper/up,workdir="+dir+"/upper/work")
	for _, opts := range []Options{{}, {OneFilesystem: true}} {
		tree, told := walk(t, opts, dir+"/merged")
		same(t, "names", paths(tree, dir+"/merged"), []string{"both", "l", "sub/s", "u"})
		same(t, "skips", told.reasons(dir), nil)
		o := tree.NewOpener()
		for i := range tree.Len() {
			fd, err := o.Open(Name(i))
			must(t, err)
			if st, err := FStat(fd); err != nil || st.ID != tree.ID(Name(i)) {
				t.Errorf("%s: %v, want %v", tree.Path(Name(i)), st.ID, tree.ID(Name(i)))
			}
			unix.Close(fd)
		}
		o.Close()
	}
}

// TestSubvolume: another device inside one mount, and so another domain.
func TestSubvolume(t *testing.T) {
	point := mountImage(t, 128<<20, "mkfs.btrfs", "-q")
	if out, err := exec.Command("btrfs", "subvolume", "create", point+"/sub").CombinedOutput(); err != nil {
		t.Skipf("%v\n%s", err, out)
	}
	grow(t, point, "file a", "file sub/b", "file sub/dir/c")
	tree, _ := walk(t, Options{}, point)
	a, b, c := nameOf(t, tree, point+"/a"), nameOf(t, tree, point+"/sub/b"), nameOf(t, tree, point+"/sub/dir/c")
	fs := tree.Filesystems()
	if tree.Domain(a) == tree.Domain(b) || tree.Domain(b) != tree.Domain(c) || fs[tree.Domain(a)].Mount != fs[tree.Domain(b)].Mount {
		t.Errorf("%+v", fs)
	}
	if fs[tree.Domain(b)].Type != "btrfs" || fs[tree.Domain(b)].Point != point {
		t.Errorf("%+v", fs)
	}
	tree, told := walk(t, Options{OneFilesystem: true}, point)
	same(t, "with -x", paths(tree, point), []string{"a"})
	same(t, "skips with -x", told.reasons(point), []string{"sub: " + ReasonOtherMount})
}

// TestNoTypesInListing: a filesystem that does not tell types makes the walk ask.
func TestNoTypesInListing(t *testing.T) {
	point := mountImage(t, 8<<20, "mkfs.ext4", "-q", "-O", "^filetype")
	grow(t, point, "file a.c", "file src/b.c", "fifo pipe", "sym a.c link", "sym src slink")
	must(t, os.Remove(point+"/lost+found"))
	f, err := NewFilter([]string{"*.c"}, nil)
	must(t, err)
	tree, told := walk(t, Options{Filter: f}, point)
	same(t, "names", paths(tree, point), []string{"a.c", "src/b.c"})
	same(t, "skips", told.reasons(point), nil)
}

func TestParseMounts(t *testing.T) {
	got := parseMounts("22 1 253:0 / / rw,relatime shared:1 master:2 - ext4 /dev/root rw\n" +
		"23 22 0:5 / /a\\040b\\134c rw - fuse.x\\011y src rw\n" + "bad\n24 22 0:6 / /no/type rw\n25 22 0:7 / /x\\04 rw - tmpfs t rw\n26 22 8:1 / /p rw - ext4 s rw,prjquota")
	want := map[uint64]mountInfo{22: {1, "/", "ext4", "/dev/root", "", false}, 23: {22, `/a b\c`, "fuse.x\ty", "src", "", false},
		25: {22, `/x\04`, "tmpfs", "t", "", false}, 26: {22, "/p", "ext4", "s", "", true}}
	if len(got) != len(want) {
		t.Errorf("%+v", got)
	}
	for id, m := range want {
		if got[id] != m {
			t.Errorf("%d: %+v, want %+v", id, got[id], m)
		}
	}
}

func FuzzParseMounts(f *testing.F) {
	f.Add("22 1 253:0 / / rw - ext4 /dev/root rw\n")
	f.Add(`1 1 0:5 / /a\040\1 - x`)
	f.Fuzz(func(_ *testing.T, text string) { parseMounts(text) })
}

// TestMayWriteBack: ext4 that does not tell is taken for what needs the greater care.
func TestMayWriteBack(t *testing.T) {
	for _, c := range []struct {
		options string
		err     error
		want    bool
	}{
		{"rw\ndelalloc\ndata=writeback\n", nil, true},
		{"rw\ndelalloc\ndata=ordered\n", nil, false},
		{"", os.ErrNotExist, true},
	} {
		if got := mayWriteBack(c.options, c.err); got != c.want {
			t.Errorf("%q, %v: %v, want %v", c.options, c.err, got, c.want)
		}
	}
}
