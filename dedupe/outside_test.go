package dedupe

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/oneinode/oneinode/scan"
)

// TestOutsidePaths: of the names that a file has everywhere those are told that the scan did
// not meet, also of equal names in many directories, each of which is looked at once.
func TestOutsidePaths(t *testing.T) {
	dir := t.TempDir()
	const each = 20
	first, outside := filepath.Join(dir, "in/0/a"), []string(nil)
	for i := range each {
		for _, side := range []string{"in", "out"} {
			to := filepath.Join(dir, side, fmt.Sprint(i))
			check(t, os.MkdirAll(to, 0o755))
			for _, name := range []string{"a", "b"} {
				path := filepath.Join(to, name)
				if path == first {
					check(t, os.WriteFile(path, nil, 0o600))
					continue
				}
				check(t, os.Link(first, path))
				if side == "out" {
					outside = append(outside, path)
				}
			}
		}
	}
	look := func(root string) *scan.Tree {
		tree, err := scan.Scan(t.Context(), []scan.Root{{Path: root}}, scan.Options{})
		check(t, err)
		t.Cleanup(func() { tree.Close() })
		return tree
	}
	check(t, os.Symlink("in", filepath.Join(dir, "link")))
	inside, all := look(filepath.Join(dir, "link")+"/"), look(dir) // the same names by other paths
	var names []scan.Name
	for i := range inside.Len() {
		names = append(names, scan.Name(i))
	}
	id := inside.ID(names[0])
	got := outsidePaths(all, inside, map[scan.ID][]scan.Name{id: names})
	slices.Sort(outside)
	if len(got) != 1 || !slices.Equal(got[id], outside) {
		t.Errorf("%v, want %q", got, outside)
	}
	e := newEntries(all)
	for i := range all.Len() {
		e.of(scan.Name(i))
	}
	if len(e.dirs) != 2*each {
		t.Errorf("%d looks at %d directories", len(e.dirs), 2*each)
	}
}
