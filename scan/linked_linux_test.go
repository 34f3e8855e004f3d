package scan

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// growLinked makes files with three names each, in directories of their own.
func growLinked(t *testing.T, dir string) {
	t.Helper()
	for _, sub := range []string{"1", "2", "3"} {
		must(t, os.Mkdir(filepath.Join(dir, sub), 0o755))
	}
	for i := range 40 {
		name := fmt.Sprint("/f", i)
		must(t, os.WriteFile(dir+"/1"+name, make([]byte, i), 0o644))
		must(t, os.Link(dir+"/1"+name, dir+"/2"+name))
		must(t, os.Link(dir+"/1"+name, dir+"/3"+name))
	}
}

// checkNames: the tree says of each name what the kernel does.
func checkNames(t *testing.T, tree *Tree) {
	t.Helper()
	for i := range tree.Len() {
		n := Name(i)
		dir, base := filepath.Split(tree.Path(n))
		fd, err := unix.Open(dir, pathFlags, 0)
		must(t, err)
		st, err := StatAt(fd, base)
		unix.Close(fd)
		must(t, err)
		if tree.ID(n) != st.ID || tree.Size(n) != st.Size || tree.Facts(n) != FactsOf(&st) {
			t.Errorf("%s: %v, %d bytes, %+v, want %+v", tree.Path(n), tree.ID(n), tree.Size(n), tree.Facts(n), st)
		}
	}
}

// TestFurtherNames: what is known of an inode by its first name is what its others lead to,
// on each filesystem that counts as telling inode numbers in its listings.
func TestFurtherNames(t *testing.T) {
	for name, mkfs := range map[string][]string{
		"ext4": {"mkfs.ext4", "-q"}, "ext2": {"mkfs.ext2", "-q"}, "xfs": {"mkfs.xfs", "-q"}, "btrfs": {"mkfs.btrfs", "-q"}, "tmpfs": nil,
	} {
		t.Run(name, func(t *testing.T) {
			point := t.TempDir()
			if mkfs == nil {
				needRoot(t)
				mount(t, "tmpfs", point, "tmpfs", 0, "")
			} else {
				point = mountImage(t, 320<<20, mkfs...)
			}
			growLinked(t, point)
			tree, _ := walk(t, Options{MinSize: 1}, point)
			if checkNames(t, tree); tree.Len() != 3*39 || tree.Whole().Inodes != 39 {
				t.Errorf("%d names, %+v", tree.Len(), tree.Whole())
			}
			got := tree.Filesystems()[0]
			want := Filesystem{
				Dev: tree.ID(0).Dev, Mount: got.Mount, ID: got.ID, Block: got.Block, Superblock: got.Superblock, Source: got.Source, Point: point,
				Type: name, Reflinks: name == "xfs" || name == "btrfs", Projects: name == "xfs", InMemory: name == "tmpfs",
			}
			if got != want || got.ID == 0 || got.Block < 1024 || got.Superblock == 0 || name != "btrfs" && got.Superblock != got.Dev {
				t.Errorf("%+v, want %+v", got, want)
			}
		})
	}
}

// TestXFSWithoutReflinks: as mkfs makes it when asked, or made it years ago.
func TestXFSWithoutReflinks(t *testing.T) {
	point := mountImage(t, 320<<20, "mkfs.xfs", "-q", "-m", "reflink=0")
	grow(t, point, "file f")
	tree, _ := walk(t, Options{}, point)
	if fs := tree.Filesystems()[0]; fs.Type != "xfs" || fs.Reflinks {
		t.Errorf("%+v", fs)
	}
}

// TestFurtherNamesOfSnapshots: subvolumes have the same inode numbers, and files of their own.
func TestFurtherNamesOfSnapshots(t *testing.T) {
	point := mountImage(t, 320<<20, "mkfs.btrfs", "-q")
	run := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("btrfs", args...).CombinedOutput(); err != nil {
			t.Fatalf("btrfs %q: %v: %s", args, err, out)
		}
	}
	run("subvolume", "create", point+"/a")
	growLinked(t, point+"/a")
	run("subvolume", "snapshot", point+"/a", point+"/b")
	must(t, os.WriteFile(point+"/b/1/f7", []byte("another size"), 0o644))
	tree, _ := walk(t, Options{}, point)
	if checkNames(t, tree); tree.Whole().Inodes != 80 {
		t.Errorf("%+v", tree.Whole())
	}
}

// TestFurtherNamesMountedOver: what is mounted over a name hides the inode that the listing
// tells.
func TestFurtherNamesMountedOver(t *testing.T) {
	point := mountImage(t, 8<<20, "mkfs.ext4", "-q")
	growLinked(t, point)
	source := filepath.Join(t.TempDir(), "source")
	must(t, os.WriteFile(source, []byte("what is seen"), 0o644))
	must(t, os.Link(point+"/1/f7", point+"/other"))
	for _, sub := range []string{"1", "2", "3"} {
		mountOver(t, source, point+"/"+sub+"/f7", "", unix.MS_BIND, "")
	}
	tree, _ := walk(t, Options{}, point)
	checkNames(t, tree)
}

// TestFurtherNamesElsewhere: an inode of another filesystem is nothing that a listing here tells of.
func TestFurtherNamesElsewhere(t *testing.T) {
	s := newScanner([]Root{{Path: t.TempDir()}}, Options{})
	must(t, s.checkRoots(t.Context()))
	defer s.tree.Close()
	w := s.walkers[0]
	w.visit(s.start(false)[0])
	w.at.linked = &linkedInodes{}
	for dev, want := range map[uint64]bool{w.at.domain.dev: true, w.at.domain.dev + 1: false} {
		st := Stat{ID: ID{dev, 7 + dev}, Mount: w.at.domain.mount, Links: 2, Size: 3}
		w.take(w.at.dir, []byte("f"), &st)
		if got := w.recall(entry{name: []byte("g"), ino: st.Ino}); got != want {
			t.Errorf("known %v, want %v", got, want)
		}
	}
	w.at.linked = nil // as on filesystems whose listings tell other numbers
	st := Stat{ID: ID{w.at.domain.dev, 7 + w.at.domain.dev}, Mount: w.at.domain.mount, Links: 2}
	w.take(w.at.dir, []byte("f"), &st)
	if w.recall(entry{name: []byte("g"), ino: st.Ino}) {
		t.Error("known by the number of a listing that may be another one")
	}
}

// TestFurtherNamesListed: in a directory that may be listed, but not entered, a name of a file
// that is known by another one leads nowhere.
func TestFurtherNamesListed(t *testing.T) {
	if !asUser(t) {
		return
	}
	dir := plant(t, "file f", "link f list/f", "link f list/g")
	must(t, os.Chmod(dir+"/list", 0o444))
	t.Cleanup(func() { os.Chmod(dir+"/list", 0o755) })
	tree, told := walk(t, Options{}, dir)
	same(t, "names", paths(tree, dir), []string{"f"})
	same(t, "skips", told.reasons(dir), []string{"list/f: " + ReasonUnreadable, "list/g: " + ReasonUnreadable})
}
