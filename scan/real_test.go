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
