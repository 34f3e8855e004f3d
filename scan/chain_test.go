package scan

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestChain: links count by what they say, one after the other, in a circle as
// well; without the option nobody looks.
func TestChain(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "c"} {
		must(t, os.Mkdir(filepath.Join(dir, name), 0o755))
	}
	for _, name := range []string{"a/end", "b/lone", "c/round"} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o644))
	}
	real, err := filepath.EvalSymlinks(dir)
	must(t, err)
	for link, target := range map[string]string{
		"b/one": "../a/end", "c/two": filepath.Join(real, "b", "one"), "three": "./c//two", "beside": "a/end",
		"circle": "circle", "nowhere": "not/there",
	} {
		must(t, os.Symlink(target, filepath.Join(dir, link)))
	}
	for _, look := range []bool{true, false} {
		tree, err := Scan(t.Context(), []Root{{Path: dir}}, Options{Symlinks: look})
		must(t, err)
		defer tree.Close()
		got := map[string]int{}
		for n := range Name(tree.Len()) {
			got[string(tree.Base(n))] = tree.Chain(n)
		}
		want := map[string]int{"end": 3, "lone": 0, "round": 0}
		if !look {
			want["end"] = 0
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("looked %v: %v, want %v", look, got, want)
		}
	}
	tree, err := Scan(t.Context(), []Root{{Path: dir}}, Options{Symlinks: true})
	must(t, err)
	defer tree.Close()
	if n := tree.chains[filepath.Join(real, "circle")]; n != LongestChain {
		t.Errorf("a circle counts %d", n)
	}
}
