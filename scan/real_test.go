package scan

import (
	"os"
	"path/filepath"
	"testing"
)

// However a root is written, the real path of what lies beneath leads through
// no link.
func TestRealPath(t *testing.T) {
	top, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	deep := filepath.Join(top, "real", "below")
	must(t, os.MkdirAll(deep, 0o755))
	file := filepath.Join(deep, "file")
	must(t, os.WriteFile(file, []byte("x"), 0o644))
	must(t, os.Symlink("real", filepath.Join(top, "link")))
	t.Chdir(top)
	for _, root := range []string{
		"real", "./real/", "link/", "link/.", "link/below", "real/below/..", "link/below/file", "real/below/file",
		filepath.Join(top, "link") + "/", ".",
	} {
		tree, err := Scan(t.Context(), []Root{{Path: root}}, Options{})
		if err != nil {
			t.Fatalf("%s: %v", root, err)
		}
		if tree.Len() != 1 {
			t.Fatalf("%s: %d names", root, tree.Len())
		}
		if got := tree.RealPath(0); got != file {
			t.Errorf("%s: real path %s, want %s", root, got, file)
		}
		if got := tree.RealDir(tree.Dir(0)); got != deep {
			t.Errorf("%s: real directory %s, want %s", root, got, deep)
		}
		tree.Close()
	}
}

// TestPathsOfTheWhole: the directory of all files, which ends in the slash that others are parted by.
func TestPathsOfTheWhole(t *testing.T) {
	f, err := NewFilter(nil, []string{"/out", "/a/out", "*/in"})
	must(t, err)
	s := newScanner([]Root{{Path: plant(t, "file f", "file out", "file a/g", "file a/out", "file in/h", "file a/in/i")}}, Options{Filter: f})
	must(t, s.checkRoots(t.Context()))
	defer s.tree.Close()
	s.tree.clean[0], s.tree.anchors.list[0].real = "/", "/"
	s.walk(otherRoots)
	must(t, s.finish())
	same(t, "names", paths(s.tree, ""), []string{"/a/g", "/f", "/in/h"})
	for n := range Name(s.tree.Len()) {
		path, dir := s.tree.Path(n), s.tree.Dir(n)
		for _, got := range []string{string(s.tree.AppendDirPath(nil, dir)), s.tree.RealDir(dir)} {
			if got != filepath.Dir(path) {
				t.Errorf("%s: directory %q", path, got)
			}
		}
		parent, isBelow := s.tree.Parent(dir)
		base, isNamed := s.tree.DirBase(dir)
		if below := filepath.Dir(path) != "/"; isBelow != below || isNamed != below || below && s.tree.RealDir(parent)+string(base) != filepath.Dir(path) {
			t.Errorf("%s: %q in %q", path, base, s.tree.RealDir(parent))
		}
		if got := s.tree.RealPath(n); got != path {
			t.Errorf("%s is %q", path, got)
		}
	}
	s.tree.anchors.list[0].real = ""
	for n := range Name(s.tree.Len()) {
		if dir, path := s.tree.RealDir(s.tree.Dir(n)), s.tree.RealPath(n); dir+path != "" {
			t.Errorf("not known, and yet %q and %q", dir, path)
		}
	}
}
