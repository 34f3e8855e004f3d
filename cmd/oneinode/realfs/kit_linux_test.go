package realfs_test

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestKit shows that the filesystems can be made and that Manifest sees what
// the other tests rely on.
func TestKit(t *testing.T) {
	t.Parallel()
	for name, make := range leaseFilesystems {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := make(t)
			Library(t, dir, 1, 3)
			before := Manifest(t, dir)
			if n := Unmerged(before, nil); n == 0 {
				t.Error("a library without duplicates")
			}
			CheckSame(t, before, Manifest(t, dir))
		})
	}
}

func TestDiff(t *testing.T) {
	t.Parallel()
	change := map[string]func(path string) error{
		"content": func(path string) error { return os.WriteFile(path, []byte("abd"), 0o644) },
		"mode":    func(path string) error { return os.Chmod(path, 0o640) },
		"gone":    os.Remove,
		"new":     func(path string) error { return os.WriteFile(path+"2", nil, 0o644) },
		"xattr":   func(path string) error { return unix.Setxattr(path, "user.a", []byte("b"), 0) },
		"type":    func(path string) error { os.Remove(path); return os.Symlink("abc", path) },
	}
	for name, change := range change {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := tempDir(t)
			path := filepath.Join(dir, "file")
			must(t, os.WriteFile(path, []byte("abc"), 0o644))
			before := Manifest(t, dir)
			must(t, change(path))
			if len(Diff(before, Manifest(t, dir))) == 0 {
				t.Error("not seen")
			}
		})
	}
}
