// Package sample makes trees of files for the tests of the packages around it.
package sample

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// Check ends a test that an error keeps from going on.
func Check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// OpenDir has a directory open until the test ends.
func OpenDir(t testing.TB, dir string) (fd int) {
	t.Helper()
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	Check(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// Put writes a file whose mtime is age seconds after the epoch, and gives it
// further names.
func Put(t testing.TB, dir, path, content string, age int64, links ...string) {
	t.Helper()
	path = filepath.Join(dir, path)
	Check(t, os.MkdirAll(filepath.Dir(path), 0o755))
	Check(t, os.WriteFile(path, []byte(content), 0o644))
	Check(t, os.Chtimes(path, time.Unix(age, 0), time.Unix(age, 0)))
	for _, l := range links {
		l = filepath.Join(dir, l)
		Check(t, os.MkdirAll(filepath.Dir(l), 0o755))
		Check(t, os.Link(path, l))
	}
}

// Find is a real tree in dir, found and read as a run does it.
func Find(t testing.TB, dir string, roots ...scan.Root) *hash.Result {
	t.Helper()
	for i := range roots {
		roots[i].Path = filepath.Join(dir, roots[i].Path)
	}
	tree, err := scan.Scan(t.Context(), roots, scan.Options{MinSize: 1})
	Check(t, err)
	t.Cleanup(func() { tree.Close() })
	res, err := hash.Find(t.Context(), tree, hash.Options{Digests: true})
	Check(t, err)
	return res
}
