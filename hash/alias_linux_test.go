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
