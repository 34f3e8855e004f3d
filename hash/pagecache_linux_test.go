package hash

import (
	"fmt"
	"os"
	"testing"

	"github.com/oneinode/oneinode/scan"
	"golang.org/x/sys/unix"
)

// TestPageCacheIsLeftAsFound: files that were not in the page cache are not there
// afterwards, those that were still are.
func TestPageCacheIsLeftAsFound(t *testing.T) {
	const size = 4 << 20
	b := filled(1, size)
	root := planted(t, files{"cold-1": b, "cold-2": b, "warm-1": except(b, size-1), "warm-2": except(b, size-1)})
	fds := map[string]int{}
	for _, name := range []string{"cold-1", "cold-2", "warm-1", "warm-2"} {
		f, err := os.Open(root + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
		fds[name] = int(f.Fd())
		if name[:4] == "cold" {
			dropPages(fds[name])
		}
	}
	if !isCold(fds["cold-1"], size) || isCold(fds["warm-1"], size) {
		t.Skip("the page cache cannot be asked or emptied here")
	}
	warm := 0
	for _, opts := range []Options{{}, {Digests: true}} {
		res := found(t, scanned(t, root), opts)
		if len(res.Sets) != 2 {
			t.Fatalf("%d sets", len(res.Sets))
		}
		for name, fd := range fds {
			if name[:4] == "warm" && isCold(fd, size) {
				t.Errorf("%s was thrown out of the page cache", name)
			}
			if name[:4] == "cold" && !isCold(fd, size) {
				warm++
			}
		}
	}
	// The kernel keeps a page that is on its way between two of its lists.
	if warm > 2 {
		t.Errorf("%d of 4 times a file was left in the page cache", warm)
	}
}

// A crowd is hashed one file after the other, by another way.
func TestPageCacheOfACrowd(t *testing.T) {
	const size = 2 << 20
	list := files{}
	for i := range maxClass + 2 {
		list[fmt.Sprint(i)] = filled(1, size)
	}
	tree := scanned(t, planted(t, list))
	for n := range scan.Name(tree.Len()) {
		fd := readOnly(t, tree.Path(n))
		if err := unix.Fsync(fd); err != nil {
			t.Fatal(err)
		}
		dropPages(fd)
		if !isCold(fd, size) {
			t.Skip("the page cache cannot be asked or emptied here")
		}
	}
	found(t, tree, Options{})
	warm := 0
	for n := range scan.Name(tree.Len()) {
		if !isCold(readOnly(t, tree.Path(n)), size) {
			warm++
		}
	}
	// The kernel keeps a page that is on its way between two of its lists.
	if warm > tree.Len()/8 {
		t.Errorf("%d of %d files are in the page cache", warm, tree.Len())
	}
}
