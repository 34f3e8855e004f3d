package scan

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
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
	return mountImageWith(t, "loop", size, mkfs...)
}

func mountImageWith(t *testing.T, options string, size int64, mkfs ...string) string {
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
	if out, err := exec.Command("mount", "-o", options, image, point).CombinedOutput(); err != nil {
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
	fd, err := tree.OpenDir(tree.Dir(nameOf(t, tree, dir+"/bind/f")))
	must(t, err)
	defer unix.Close(fd)
	if st, err := FStat(fd); err != nil || st.Mount != tree.Filesystem(nameOf(t, tree, dir+"/bind/f")).Mount {
		t.Errorf("opened on another mount, where a file of this one cannot be linked: %v", err)
	}
	tree, _ = walk(t, Options{OneFilesystem: true}, dir)
	if tree.Len() != 5 {
		t.Errorf("with -x a bind mount of the same device is entered: %q", paths(tree, dir))
	}
	tree, _ = walk(t, Options{}, "!"+dir+"/bind", dir+"/d/sub", dir+"/d/f")
	same(t, "protected", paths(tree, dir), []string{"d/f", "d/sub/h"})
	for i := range tree.Len() {
		if !tree.Protected(Name(i)) {
			t.Errorf("%s is reached from a protected root", tree.Path(Name(i)))
		}
	}
}

// TestBindMountsInOrder: whichever way is the faster, a directory belongs to the mount of its root,
// and to a protected root.
func TestBindMountsInOrder(t *testing.T) {
	needRoot(t)
	dir := plant(t, "dir x/a", "file x/sub/f", "file x/sub/in/g", "dir x/z", "dir ref/m")
	for _, place := range []string{"/x/a", "/x/z"} {
		mount(t, dir+"/x/sub", dir+place, "", unix.MS_BIND, "")
	}
	mount(t, "tmpfs", dir+"/other/t", "tmpfs", 0, "")
	grow(t, dir, "file other/t/h")
	tree, told := walk(t, Options{Walkers: 1}, dir+"/x", "!"+dir+"/other")
	same(t, "names", paths(tree, dir), []string{"other/t/h", "x/sub/f", "x/sub/in/g"})
	same(t, "skips", told.reasons(dir), []string{"x/a: " + ReasonSeen, "x/z: " + ReasonSeen})
	mount(t, dir+"/x/sub", dir+"/ref/m", "", unix.MS_BIND, "")
	tree, told = walk(t, Options{Walkers: 1}, dir+"/x", "!"+dir+"/ref")
	same(t, "names", paths(tree, dir), []string{"ref/m/f", "ref/m/in/g"})
	same(t, "skips", told.reasons(dir), []string{"x/a: " + ReasonSeen, "x/sub: " + ReasonSeen, "x/z: " + ReasonSeen})
	tree, _ = walk(t, Options{}, dir+"/x/sub/in", dir+"/x/sub", "!"+dir+"/ref")
	same(t, "names", paths(tree, dir), []string{"x/sub/f", "x/sub/in/g"})
	if !tree.Protected(0) || !tree.Protected(1) {
		t.Error("a root that a protected one leads to is not protected, or one beneath that")
	}
}

// TestBindMountsLeadAstray: however a directory is met at a second place, a relative way out of it is
// known to lead elsewhere from there.
func TestBindMountsLeadAstray(t *testing.T) {
	needRoot(t)
	dir := plant(t, "file d/f", "file d/sub/g", "file kept", "dir deep/er")
	d := func(s string) string { return dir + "/" + s }
	mount(t, d("d"), d("deep/er/bind"), "", unix.MS_BIND, "")
	for _, roots := range [][]string{{dir}, {d("d"), d("deep/er/bind"), d("kept")}, {d("d"), dir}, {d("deep"), d("d/f"), d("kept")}} {
		tree, _ := walk(t, Options{}, roots...)
		for i := range tree.Len() {
			n := Name(i)
			if path := tree.Path(n); path != d("kept") && !tree.LeadsAstray(n, nameOf(t, tree, d("kept"))) {
				t.Errorf("%q: from %s to what is kept", roots, path)
			}
		}
	}
	tree, _ := walk(t, Options{}, d("d"), d("kept"))
	if tree.LeadsAstray(nameOf(t, tree, d("d/f")), nameOf(t, tree, d("kept"))) {
		t.Error("no other place was met")
	}
}

// TestInodeInTwoDomains: its names in each are told apart, in whatever order they were met.
func TestInodeInTwoDomains(t *testing.T) {
	needRoot(t)
	top := plant(t, "file out/f 5000", "link out/f out/g", "link out/f dir/f", "link out/f dir/g")
	dir := top + "/dir"
	mount(t, top+"/out", dir+"/m", "", unix.MS_BIND, "")
	tree, _ := walk(t, Options{}, dir+"/f", dir+"/m/f", dir+"/g", dir+"/m/g")
	for _, path := range []string{"/f", "/m/f"} {
		if links := tree.Links(nil, nameOf(t, tree, dir+path)); len(links) != 2 || tree.Path(links[1]) != dir+path[:len(path)-1]+"g" {
			t.Errorf("%s has %d names", path, len(links))
		}
	}
	allocated := tree.Facts(0).Allocated
	if got := tree.Whole(); got.Inodes != 1 || got.Names != 4 || got.Allocated != allocated || tree.SavedByLinks() != 3*allocated {
		t.Errorf("%+v, %d saved", got, tree.SavedByLinks())
	}
	walked, _ := walk(t, Options{}, dir)
	for i, got := range append(walked.DomainAmounts(), tree.DomainAmounts()...) {
		if got.Inodes != 1 || got.Names != 2 {
			t.Errorf("domain %d: %+v", i%2, got)
		}
	}
}

// TestMountedOverFiles: what is mounted over a file is left out where a directory would be.
func TestMountedOverFiles(t *testing.T) {
	needRoot(t)
	dir := plant(t, "file a", "file d/b", "file d/c", "file d/again", "file d/version")
	mount(t, "tmpfs", filepath.Join(dir, "other"), "tmpfs", 0, "")
	grow(t, dir, "file other/b 2", "file other/c 3")
	for _, name := range []string{"b", "c"} {
		mountOver(t, dir+"/other/"+name, dir+"/d/"+name, "", unix.MS_BIND, "")
	}
	mountOver(t, dir+"/other/c", dir+"/d/again", "", unix.MS_BIND, "")
	mountOver(t, "/proc/version", dir+"/d/version", "", unix.MS_BIND, "")
	tree, told := walk(t, Options{}, dir)
	same(t, "names", paths(tree, dir), []string{"a", "d/again", "d/b", "d/c", "other/b", "other/c"})
	same(t, "skips", told.reasons(dir), []string{"d/version: " + ReasonVirtual})
	whole := tree.Whole()
	var taken int64
	for _, path := range []string{"/a", "/other/b", "/other/c"} {
		taken += tree.Facts(nameOf(t, tree, dir+path)).Allocated
	}
	if whole.Inodes != 3 || whole.Apparent != 6 || whole.Blocks != 3*blockSize || whole.Allocated != taken {
		t.Errorf("%+v", whole)
	}
	if err := rootError(t, dir+"/d/version"); !errors.Is(err, errRootVirtual) {
		t.Errorf("given: %v", err)
	}
	if tree, _ := walk(t, Options{}, dir+"/d/b", dir+"/other/b", dir+"/d/c", dir); tree.Len() != 6 || tree.Whole() != whole {
		t.Errorf("given: %+v, want %+v", tree.Whole(), whole)
	}
	tree, told = walk(t, Options{OneFilesystem: true}, dir)
	same(t, "names with -x", paths(tree, dir), []string{"a"})
	same(t, "skips with -x", told.reasons(dir), []string{"d/again: " + ReasonOtherMount, "d/b: " + ReasonOtherMount, "d/c: " + ReasonOtherMount, "d/version: " + ReasonOtherMount, "other: " + ReasonOtherMount})
}

// TestStandInOnOldKernels: before Linux 5.8 nothing tells an overlay's layers from what is mounted
// over a file, so that -x leaves out both.
func TestStandInOnOldKernels(t *testing.T) {
	dir := plant(t, "file a")
	told := &skips{}
	s := newScanner([]Root{{Path: dir}}, Options{OneFilesystem: true, OnSkip: told.add})
	must(t, s.checkRoots(t.Context()))
	defer s.tree.Close()
	w := s.walkers[0]
	w.visit(s.start(false)[0])
	if _, ok := w.standIn([]byte("b"), &Stat{ID: ID{Dev: w.at.domain.dev + 1}}); ok {
		t.Error("taken")
	}
	same(t, "skips", told.reasons(dir), []string{"b: " + ReasonOtherMount})
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

// TestDomainsOnce: however many walkers meet a filesystem at the same time, it is one.
func TestDomainsOnce(t *testing.T) {
	f, err := os.Open(t.TempDir())
	must(t, err)
	defer f.Close()
	for range 50 {
		var d domains
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				if _, err := d.lookup(domainKey{dev: 1}, int(f.Fd())); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		for _, dev := range []uint64{2, 1, 2} {
			_, err := d.lookup(domainKey{dev: dev}, int(f.Fd()))
			must(t, err)
		}
		if len(d.list) != 2 {
			t.Fatalf("%d filesystems, want 2", len(d.list))
		}
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
	grow(t, dir, "file lower/l", "file lower/k", "file lower/both 2", "file upper/up/u", "link upper/up/u upper/up/v", "file upper/up/both 3", "file lower/sub/s", "dir upper/work")
	mount(t, "overlay", dir+"/merged", "overlay", 0, "xino=off,lowerdir="+dir+"/lower,upperdir="+dir+"/upper/up,workdir="+dir+"/upper/work")
	for _, opts := range []Options{{}, {OneFilesystem: true}} {
		tree, told := walk(t, opts, dir+"/merged")
		same(t, "names", paths(tree, dir+"/merged"), []string{"both", "k", "l", "sub/s", "u", "v"})
		same(t, "skips", told.reasons(dir), nil)
		if fs := tree.Filesystem(nameOf(t, tree, dir+"/merged/u")); fs.Type != "overlay" || fs.Upper != dir+"/upper/up" || !fs.InMemory {
			t.Errorf("%+v", fs)
		}
		if k, l := nameOf(t, tree, dir+"/merged/k"), nameOf(t, tree, dir+"/merged/l"); tree.storedIn(k) != tree.storedIn(l) {
			t.Error("each file has a stand-in of its own")
		}
		o := tree.NewOpener()
		for i := range tree.Len() {
			fd, err := o.Open(Name(i))
			must(t, err)
			if st, err := FStat(fd); err != nil || st.ID != tree.ID(Name(i)) {
				t.Errorf("%s: %v, want %v", tree.Path(Name(i)), st.ID, tree.ID(Name(i)))
			}
			if !OnOverlay(fd) {
				t.Errorf("%s is not taken for one of an overlay", tree.Path(Name(i)))
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
	if fs[tree.Domain(a)].Superblock != fs[tree.Domain(b)].Superblock {
		t.Errorf("two filesystems: %+v", fs)
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
		"23 22 0:5 / /a\\040b\\134c rw - fuse.x\\011y src rw\n" + "bad\n24 22 0:6 / /no/type rw\n25 22 0:7 / /x\\04 rw - tmpfs t rw\n26 22 8:1 / /p rw - ext4 s rw,prjquota\n" +
		"27 22 0:9 /s /o rw - overlay o rw,lowerdir=/l,upperdir=/u\\040x,workdir=/w\n28 22 0:9 / /o rw - overlay o rw,upperdir=u\n" +
		"29 22 0:9 / /o rw - overlay o\n30 22 0:9 / /o rw - other o rw,upperdir=/u\n")
	want := map[uint64]mountInfo{22: {1, "/", "ext4", "/dev/root", "", false}, 23: {22, `/a b\c`, "fuse.x\ty", "src", "", false},
		25: {22, `/x\04`, "tmpfs", "t", "", false}, 26: {22, "/p", "ext4", "s", "", true},
		27: {22, "/o", "overlay", "o", "/u x/s", false}, 28: {22, "/o", "overlay", "o", "", false}, 29: {22, "/o", "overlay", "o", "", false}, 30: {22, "/o", "other", "o", "", false}}
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

// TestWriteback: where a removed file's blocks may be used again too early.
func TestWriteback(t *testing.T) {
	for _, kind := range []string{"ext4", "ext3"} {
		for mode, want := range map[string]bool{"writeback": true, "ordered": false} {
			point := mountImageWith(t, "loop,data="+mode, 32<<20, "mkfs."+kind, "-q")
			tree, _ := walk(t, Options{}, point)
			if fs := tree.Filesystems()[0]; fs.Type != kind || fs.Writeback != want {
				t.Errorf("%s: %+v", mode, fs)
			}
		}
	}
}
