package realfs_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
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

// TestSymlinkPlaces: a relative link that leads out of a bind-mounted directory would lead to
// nothing from its other place. Those within lead the same way from both, and so do absolute
// ones.
func TestSymlinkPlaces(t *testing.T) {
	needRoot(t)
	for name, c := range map[string]struct {
		paths, flags []string
		want         int64
	}{
		"one PATH":                {paths: []string{""}, want: 1},
		"both places are PATHs":   {paths: []string{"kept", "music", "srv/shared/music"}, want: 1},
		"one beneath another":     {paths: []string{"", "srv/shared/music"}, want: 1},
		"a file by the other way": {paths: []string{"kept", "music", "srv/shared/music/song"}, want: 1},
		"absolute":                {paths: []string{""}, flags: []string{"--absolute"}, want: 3},
	} {
		t.Run(name, func(t *testing.T) {
			top := Ext4(t, Disk{})
			song, take, solo := bytes.Repeat([]byte("song"), 5000), bytes.Repeat([]byte("take"), 5000), bytes.Repeat([]byte("solo"), 5000)
			for path, content := range map[string][]byte{
				"kept/song": song, "music/song": song, "kept/solo": solo, "music/solo": solo, "music/one": take, "music/two": take,
			} {
				must(t, os.MkdirAll(filepath.Dir(filepath.Join(top, path)), 0o755))
				must(t, os.WriteFile(filepath.Join(top, path), content, 0o644))
			}
			other := filepath.Join(top, "srv/shared/music")
			must(t, os.MkdirAll(other, 0o755))
			Bind(t, filepath.Join(top, "music"), other)
			args := append([]string{"--link", "symlink", "--keep", "first"}, c.flags...)
			for _, path := range c.paths {
				args = append(args, filepath.Join(top, path))
			}
			if sum := Oneinode(t).Dedupe(0, args...); sum.Linked != c.want {
				t.Errorf("%d names linked, want %d", sum.Linked, c.want)
			}
			for _, dir := range []string{filepath.Join(top, "music"), other} {
				for path, want := range map[string][]byte{"song": song, "solo": solo, "one": take, "two": take} {
					if got, err := os.ReadFile(filepath.Join(dir, path)); err != nil || !bytes.Equal(got, want) {
						t.Errorf("%s/%s: %d bytes, %v", dir, path, len(got), err)
					}
				}
			}
		})
	}
}

// TestSymlinkSticky: in a sticky directory of root nobody else could follow a
// link that belongs to a user; the plan knows that of every name.
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
	must(t, os.Mkdir(filepath.Join(dir, "beside"), 0o755))
	must(t, os.Link(filepath.Join(shared, "users"), filepath.Join(dir, "beside", "users")))
	oneinode := Oneinode(t)
	args := []string{"--link", "symlink", "--keep", "first", filepath.Join(dir, "kept"), filepath.Join(dir, "beside"), shared}
	promised := oneinode.Dedupe(0, append(args, "--dry-run")...).ReclaimableBytes
	sum := oneinode.Dedupe(0, args...)
	if sum.Linked != 0 {
		t.Error("the file became a link that only its owner can follow")
	}
	if promised != 0 || sum.FreedBytes != 0 {
		t.Errorf("reclaimable %d, freed %d bytes", promised, sum.FreedBytes)
	}
}

// TestSymlinkSavings: long targets take a block where the inode has no room for
// them; the plan knows that, and so does the run.
func TestSymlinkSavings(t *testing.T) {
	needRoot(t)
	for _, name := range []string{"ext4", "xfs", "tmpfs"} {
		for _, long := range []int{20, 100, 200} { // names of two directories above the keeper
			t.Run(fmt.Sprint(name, long), func(t *testing.T) {
				dir := leaseFilesystems[name](t)
				kept, copies := filepath.Join(dir, strings.Repeat("k", long), strings.Repeat("k", long)), filepath.Join(dir, "copies")
				must(t, os.MkdirAll(kept, 0o755))
				must(t, os.MkdirAll(copies, 0o755))
				must(t, os.WriteFile(filepath.Join(kept, "file"), make([]byte, 200_000), 0o644))
				for i := range 40 {
					must(t, os.WriteFile(filepath.Join(copies, fmt.Sprint(i)), make([]byte, 200_000), 0o644))
				}
				oneinode := Oneinode(t)
				before := settledFree(t, dir)
				promised := oneinode.Dedupe(0, "--dry-run", "--link", "symlink", "--reference", kept, copies).ReclaimableBytes
				freed := oneinode.Dedupe(0, "--link", "symlink", "--reference", kept, copies).FreedBytes
				if freed != promised || freed < 40*190_000 {
					t.Errorf("reclaimable %d, freed %d bytes", promised, freed)
				}
				near(t, "freed", freed, settledFree(t, dir)-before)
			})
		}
	}
}
