package hash

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
)

// A file with names under two mounts of its filesystem is no duplicate of
// itself, and the name under a reference is the one that counts.
func TestAliases(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("mounting needs root")
	}
	root := planted(t, files{"a/one": []byte("same"), "a/two": []byte("same"), "a/lone": []byte("here"), "c/odd": []byte("odd")})
	for _, name := range []string{"one", "lone"} {
		if err := os.Link(filepath.Join(root, "a", name), filepath.Join(root, "c", name)); err != nil {
			t.Fatal(err)
		}
	}
	again := filepath.Join(root, "b")
	if err := os.Mkdir(again, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount(filepath.Join(root, "c"), again, "", unix.MS_BIND, ""); err != nil {
		t.Skipf("this kernel or container does not let us mount: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(again, unix.MNT_DETACH) })
	roots := []scan.Root{{Path: filepath.Join(root, "a")}, {Path: again, Protected: true}}
	tree, err := scan.Scan(t.Context(), roots, scan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	if len(tree.Filesystems()) != 2 {
		t.Skip("mounts cannot be told apart here")
	}
	res := found(t, tree, Options{Group: func(scan.Domain) uint32 { return 0 }})
	if len(res.Sets) != 1 || len(res.Sets[0].Members) != 2 {
		t.Fatalf("sets %+v, want one of two files", res.Sets)
	}
	protected := 0
	for _, m := range res.Sets[0].Members {
		if tree.Protected(m.Name) {
			protected++
		}
	}
	if protected != 1 {
		t.Errorf("%d protected members, want 1", protected)
	}
	if res.Sets[0].Domain != tree.Domain(res.Sets[0].Members[0].Name) {
		t.Error("the domain is not that of the first member")
	}
}

// A file that gets a second name while the walk is under way is met with one link and then with
// two: it is no duplicate of itself.
func TestNamedMeanwhile(t *testing.T) {
	root := planted(t, files{"a/lone": []byte("here"), "b/lone": []byte("there"), "a/one": []byte("same"), "b/two": []byte("same")})
	in := func(dir, name string) string { return filepath.Join(root, dir, name) }
	named := false
	name := func() {
		if named {
			return
		}
		named = true // in whichever directory comes second
		for _, err := range []error{os.Link(in("a", "lone"), in("b", "again")), os.Link(in("b", "lone"), in("a", "again")),
			os.Link(in("a", "one"), in("b", "one")), os.Link(in("b", "two"), in("a", "two"))} {
			if err != nil {
				t.Error(err)
			}
		}
	}
	roots := []scan.Root{{Path: filepath.Join(root, "a")}, {Path: filepath.Join(root, "b")}}
	tree, err := scan.Scan(t.Context(), roots, scan.Options{Walkers: 1, OnDir: name})
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	if tree.Len() != 6 {
		t.Fatalf("%d names, want the 2 that came behind the walk to be missing", tree.Len())
	}
	res := found(t, tree, Options{})
	if len(res.Sets) != 1 || len(res.Sets[0].Members) != 2 {
		t.Fatalf("sets %+v, want one of two files", res.Sets)
	}
	if m := res.Sets[0].Members; tree.Ino(m[0].Name) == tree.Ino(m[1].Name) {
		t.Error("a file is a duplicate of itself")
	}
}
