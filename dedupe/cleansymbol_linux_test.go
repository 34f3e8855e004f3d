package dedupe

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/oneinode/oneinode/dedupe/journal"
)

// newLinkWreck is what a kill leaves in the middle of a replace by a symbolic
// link: before the exchange the link stands under the temporary name, after it
// the old file does.
func newLinkWreck(t *testing.T, after bool) *wreck {
	t.Helper()
	w := &wreck{dir: t.TempDir(), state: t.TempDir(), tmp: temporaryName("0123abcd")}
	put(t, w.dir, "keeper", "content", 1)
	file, link := "name", w.tmp
	if after {
		file, link = link, file
	}
	put(t, w.dir, file, "content", 2)
	check(t, os.Symlink("keeper", filepath.Join(w.dir, link)))
	w.writer = begun(t, w.state, w.dir)
	keeper, old, dir := statOf(t, w.dir, "keeper"), statOf(t, w.dir, file), statOf(t, w.dir, ".")
	w.writer.Append(
		journal.Record{Set: &journal.Set{
			Size: 7, Digest: w.digest(t, "keeper").String(), Keeper: keeper.Ino, Dev: keeper.Dev, Path: journal.Path(filepath.Join(w.dir, "keeper")), Link: "symlink",
		}},
		journal.Record{Old: &journal.Old{Inode: old.Ino, Mode: old.Mode, UID: old.UID, GID: old.GID, Mtime: old.Mtime, Atime: old.Atime, Links: 1}},
		journal.Record{Replace: &journal.Replace{
			Seq: 1, Path: journal.Path(filepath.Join(w.dir, "name")), DirDev: dir.Dev, DirInode: dir.Ino, Temporary: w.tmp, Target: "keeper",
		}})
	check(t, w.writer.Close())
	return w
}

// isLink reports whether a name of the wreck is a symbolic link.
func (w *wreck) isLink(base string) bool {
	_, err := os.Readlink(filepath.Join(w.dir, base))
	return err == nil
}

// TestCleanSymbol: what is left beside a name goes if nothing is lost with it,
// and the name leads to its content in the end.
func TestCleanSymbol(t *testing.T) {
	remove := func(t *testing.T, w *wreck, base string) { check(t, os.Remove(filepath.Join(w.dir, base))) }
	for name, c := range map[string]struct {
		after              bool // the exchange
		meanwhile          func(t *testing.T, w *wreck)
		reason             string
		name, keeper, left string // contents afterwards, links followed; "" = leads nowhere
		link               bool   // name is one
	}{
		"before":                  {false, func(*testing.T, *wreck) {}, "", "content", "content", "", false},
		"before, the keeper went": {false, func(t *testing.T, w *wreck) { remove(t, w, "keeper") }, "", "content", "", "", false},
		"before, another's link": {false, func(t *testing.T, w *wreck) {
			remove(t, w, w.tmp)
			check(t, os.Symlink("name", filepath.Join(w.dir, w.tmp)))
		}, ReasonChanged, "content", "content", "content", false},
		"after":                  {true, func(*testing.T, *wreck) {}, "", "content", "content", "", true},
		"after, the keeper went": {true, func(t *testing.T, w *wreck) { remove(t, w, "keeper") }, "", "content", "", "", false},
		"a writer waited":        {true, func(t *testing.T, w *wreck) { w.write(t, w.tmp, "late") }, "", "late", "content", "", false},
		"and kept its size":      {true, func(t *testing.T, w *wreck) { w.write(t, w.tmp, "changed") }, "", "changed", "content", "", false},
		"the keeper was written": {true, func(t *testing.T, w *wreck) { w.write(t, "name", "newer") }, ReasonKept, "newer", "newer", "content", true},
		"both were written":      {true, func(t *testing.T, w *wreck) { w.write(t, "name", "newer"); w.write(t, w.tmp, "late") }, ReasonKept, "newer", "newer", "late", true},
		"the name is gone":       {true, func(t *testing.T, w *wreck) { remove(t, w, "name") }, ReasonKept, "", "content", "content", false},
		"the name is another link": {true, func(t *testing.T, w *wreck) {
			remove(t, w, "name")
			check(t, os.Symlink(w.tmp, filepath.Join(w.dir, "name")))
		}, ReasonKept, "content", "content", "content", true},
		"another file is there": {
			true, func(t *testing.T, w *wreck) {
				put(t, w.dir, "mine", "mine", 3)
				check(t, os.Rename(filepath.Join(w.dir, "mine"), filepath.Join(w.dir, w.tmp)))
			},
			ReasonKept, "content", "content", "mine", true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newLinkWreck(t, c.after)
			c.meanwhile(t, w)
			if got := w.clean(t); got != c.reason {
				t.Errorf("said %q, want %q", got, c.reason)
			}
			w.wants(t, "name", c.name)
			w.wants(t, "keeper", c.keeper)
			w.wants(t, w.tmp, c.left)
			if w.isLink("name") != c.link {
				t.Errorf("the name is a link: %t, want %t", w.isLink("name"), c.link)
			}
		})
	}
}

// TestRemoveSymbol: a name that cannot be looked at, or that somebody else has by now, is not told as gone.
func TestRemoveSymbol(t *testing.T) {
	w := newLinkWreck(t, false)
	dir := openDir(t, w.dir)
	link, r := openSymbol(dir, w.tmp, "keeper")
	if r != nil {
		t.Fatal(r.reason, r.err)
	}
	defer link.close()
	if reason, err := removeSymbol(-1, w.tmp, link); reason != ReasonSystem || err == nil {
		t.Errorf("%q, %v", reason, err)
	}
	if reason, err := removeSymbol(dir, "name", link); reason != ReasonChanged || err != nil {
		t.Errorf("another file: %q, %v", reason, err)
	}
	for range 2 { // the second time it is gone
		if reason, err := removeSymbol(dir, w.tmp, link); reason != "" || err != nil {
			t.Errorf("%q, %v", reason, err)
		}
	}
}
