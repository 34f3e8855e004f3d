package hash

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
)

// A file that a bind mount shows a second time is no duplicate of itself, and
// the name under a reference is the one that counts.
func TestAliases(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("mounting needs root")
	}
	root := planted(t, files{"a/one": []byte("same"), "a/two": []byte("same"), "a/lone": []byte("here")})
	again := filepath.Join(root, "b")
	if err := os.Mkdir(again, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount(filepath.Join(root, "a"), again, "", unix.MS_BIND, ""); err != nil {
		t.Skipf("this kernel or container does not let us mount: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(again, unix.MNT_DETACH) })
	roots := []scan.Root{{Path: filepath.Join(root, "a")}, {Path: again, Protected: true}}
	tree, err := scan.Scan(t.Context(), roots, scan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	if tree.Len() != 6 {
		t.Skipf("%d names: mounts cannot be told apart here", tree.Len())
	}
	res := found(t, tree, Options{Group: func(scan.Domain) uint32 { return 0 }})
	if len(res.Sets) != 1 || len(res.Sets[0].Members) != 2 {
		t.Fatalf("sets %+v, want one of two files", res.Sets)
	}
	for _, m := range res.Sets[0].Members {
		if !tree.Protected(m.Name) {
			t.Errorf("%s stands for a protected file", tree.Path(m.Name))
		}
	}
	if res.Sets[0].Domain != tree.Domain(res.Sets[0].Members[0].Name) {
		t.Error("the domain is not that of the first member")
	}
}
