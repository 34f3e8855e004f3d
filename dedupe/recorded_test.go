package dedupe

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/kernel"
)

// TestOpenRecorded: links are followed as far as the PATH that was given, the longest if
// one lies in another, and never below it.
func TestOpenRecorded(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	check(t, err)
	check(t, os.MkdirAll(filepath.Join(dir, "top/real/sub"), 0o755))
	check(t, os.MkdirAll(filepath.Join(dir, "topping"), 0o755))
	check(t, os.Symlink("real", filepath.Join(dir, "top/link")))
	check(t, os.Symlink("top", filepath.Join(dir, "totop")))
	for _, c := range []struct {
		roots []string
		path  string
		want  bool
	}{
		{[]string{"top"}, "top", true},
		{[]string{"top"}, "top/real/sub", true},
		{[]string{"totop"}, "totop/real/sub", true},
		{[]string{"top"}, "top/link/sub", false},
		{[]string{"top/link"}, "top/link/sub", true},
		{[]string{"top", "top/link"}, "top/link/sub", true},
		{[]string{"top", "top/link"}, "top/real/sub", true},
		{[]string{"top/link"}, "top/link", true},
		{[]string{"top"}, "topping", true}, // is not in it: by no link at all
		{[]string{"top"}, "totop/real", false},
	} {
		var roots []journal.Path
		for _, r := range c.roots {
			roots = append(roots, journal.Path(filepath.Join(dir, r)))
		}
		for range roots {
			recorded := newRecordedRoots(roots)
			fd, err := openRecorded(&recorded, filepath.Join(dir, c.path))
			if err == nil {
				kernel.Close(fd)
			}
			if (err == nil) != c.want {
				t.Errorf("%s beneath %q: %v, want it opened: %v", c.path, roots, err, c.want)
			}
			slices.Reverse(roots)
		}
	}
}

// TestOpenRecordedThroughALinkOfAnother: who owns a PATH cannot have an undo, hours later,
// work elsewhere. Device numbers are not compared, and inode numbers can be had.
func TestOpenRecordedThroughALinkOfAnother(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give links to another user")
	}
	const nobody = 65534
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	check(t, os.MkdirAll(at("etc/sub"), 0o755))
	check(t, os.MkdirAll(at("home/real/sub"), 0o755))
	check(t, os.Symlink("../etc", at("home/music")))
	check(t, os.Symlink("real", at("home/own")))
	for _, name := range []string{"home", "home/real", "home/music", "home/own"} {
		check(t, os.Lchown(at(name), nobody, nobody))
	}
	for root, want := range map[string]bool{"home/music": false, "home/own": true, "home/real": true} {
		recorded := newRecordedRoots([]journal.Path{journal.Path(at(root))})
		fd, err := openRecorded(&recorded, at(root+"/sub"))
		if err == nil {
			kernel.Close(fd)
		}
		if (err == nil) != want {
			t.Errorf("%s: %v, want it opened: %v", root, err, want)
		}
	}
}

// TestRecordedRoots: each name finds the innermost root by one look-up for each length that
// roots have, however many there are.
func TestRecordedRoots(t *testing.T) {
	list := []journal.Path{"/", "/r", "/r/100/in/", "/s/"}
	for i := range 900 {
		list = append(list, journal.Path(fmt.Sprint("/r/", i+100)))
	}
	r := newRecordedRoots(list)
	if len(r.paths) != 904 || len(r.lengths) != 4 {
		t.Errorf("%d paths of lengths %v", len(r.paths), r.lengths)
	}
	for path, want := range map[string]string{
		"/": "/", "/x": "/", "/r": "/r", "/rx": "/", "/r/500": "/r/500", "/r/5000": "/r", "/r/500/a/b": "/r/500",
		"/r/100/in": "/r/100/in", "/r/100/in/x": "/r/100/in", "/r/100/inx": "/r/100", "/s": "/s", "/s/a": "/s", "/r/99": "/r",
	} {
		if got := r.of(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
