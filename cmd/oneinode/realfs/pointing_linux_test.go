package realfs_test

import (
	"os"
	"path/filepath"
	"testing"
)

// TestSymlinkOtherView: overlayfs and its upper layer show one file as two, of
// different devices. A link from the one to the other would lead to itself.
func TestSymlinkOtherView(t *testing.T) {
	needRoot(t)
	for name, keep := range map[string]func(Layers) []string{
		"the layer is kept":   func(l Layers) []string { return []string{l.Upper, l.Merged} },
		"the overlay is kept": func(l Layers) []string { return []string{l.Merged, l.Upper} },
	} {
		t.Run(name, func(t *testing.T) {
			layers := Overlay(t, nil)
			file := filepath.Join(layers.Merged, "file")
			must(t, os.WriteFile(file, make([]byte, 1<<20), 0o644))
			p := Oneinode(t)
			sum := p.Dedupe(0, append([]string{"--link", "symlink", "--keep", "first"}, keep(layers)...)...)
			if sum.Linked != 0 {
				t.Errorf("%d names became links to themselves", sum.Linked)
			}
			if got, err := os.ReadFile(file); err != nil || len(got) != 1<<20 {
				t.Errorf("%d bytes left, %v", len(got), err)
			}
		})
	}
}

// TestSymlinkSticky: in a sticky directory of root nobody else could follow a
// link that belongs to a user.
func TestSymlinkSticky(t *testing.T) {
	needRoot(t)
	dir := Ext4(t, Disk{})
	shared := filepath.Join(dir, "tmp")
	must(t, os.Mkdir(shared, 0o755))
	must(t, os.Chmod(shared, 0o777|os.ModeSticky))
	for _, path := range []string{filepath.Join(dir, "kept"), filepath.Join(shared, "users")} {
		must(t, os.WriteFile(path, make([]byte, 1<<20), 0o644))
		must(t, os.Chown(path, 1000, 1000))
	}
	sum := Oneinode(t).Dedupe(0, "--link", "symlink", "--keep", "first", filepath.Join(dir, "kept"), shared)
	if sum.Linked != 0 {
		t.Error("the file became a link that only its owner can follow")
	}
}
