package dedupe

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/kernel"
)

// linkedRun is a tree in which a run made tree/d/copy a symbolic link to tree/d/kept.
func linkedRun(t *testing.T) (dir, state string) {
	t.Helper()
	dir, state = t.TempDir(), t.TempDir()
	for i, name := range []string{"tree/d/kept", "tree/d/copy"} {
		put(t, dir, name, big, int64(100*(1+i)))
	}
	if totals := linkAll(t, filepath.Join(dir, "tree"), state, decide.Policy{Link: decide.LinkSymlink, Keep: decide.KeepOldest}, ApplyOptions{}); totals.Linked != 1 {
		t.Fatalf("%+v", totals)
	}
	return dir, state
}

// splitBelow parts the links of runs below a directory, with somebody at work before that.
func splitBelow(t *testing.T, state, top string, meanwhile func()) (out []UndoOutcome) {
	t.Helper()
	var s Split
	s.AddLinks(state, nil, []string{top})
	meanwhile()
	w, err := journal.Create(t.TempDir(), journal.Begin{Version: journal.Version, Run: testRun, Kind: journal.KindSplit})
	check(t, err)
	_, err = s.Run(t.Context(), w, "0123abcd", func(o UndoOutcome) { out = append(out, o) })
	check(t, err)
	check(t, w.Close())
	return out
}

// TestSplitBelow: what a run made a link below a directory becomes a file, unless it is in
// another directory by now, or leads to another content: where others may write it can say the
// same and lead to anything.
func TestSplitBelow(t *testing.T) {
	for name, c := range map[string]struct {
		change func(at func(string) string)
		isLink bool
	}{
		"as it was": {func(func(string) string) {}, false},
		"another directory": {func(at func(string) string) {
			check(t, os.Rename(at("tree/d"), at("tree/away")))
			put(t, at("tree"), "secret", big, 300)
			check(t, os.Mkdir(at("tree/d"), 0o755))
			check(t, os.Symlink("../secret", at("tree/d/kept")))
			check(t, os.Symlink("kept", at("tree/d/copy")))
		}, true},
		"another content": {func(at func(string) string) { put(t, at("tree/d"), "kept", "secret", 300) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			dir, state := linkedRun(t)
			c.change(func(name string) string { return filepath.Join(dir, name) })
			out := splitBelow(t, state, filepath.Join(dir, "tree"), func() {})
			if _, err := os.Readlink(filepath.Join(dir, "tree/d/copy")); (err == nil) != c.isLink {
				t.Errorf("is a link: %v, told %+v", err == nil, out)
			}
		})
	}
}

// TestSplitBelowAttacked: whoever owns a directory cannot have its links' copies made
// elsewhere, by a link that takes the directory's place.
func TestSplitBelowAttacked(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give links to another user")
	}
	const nobody = 65534
	dir, state := linkedRun(t)
	at := func(name string) string { return filepath.Join(dir, name) }
	put(t, dir, "elsewhere/kept", big, 100)
	check(t, os.Symlink("kept", at("elsewhere/copy")))
	out := splitBelow(t, state, at("tree"), func() {
		check(t, os.Rename(at("tree/d"), at("tree/away")))
		check(t, os.Symlink("../elsewhere", at("tree/d")))
		check(t, os.Lchown(at("tree/d"), nobody, nobody))
	})
	if _, err := os.Readlink(at("elsewhere/copy")); err != nil {
		t.Errorf("a file outside was made: %v, told %+v", err, out)
	}
}

// TestSplitBelowOnly: what runs have made elsewhere stays, be it in a directory whose name begins alike.
func TestSplitBelowOnly(t *testing.T) {
	dir, state := linkedRun(t)
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, top := range []string{"tree/d2", "tre"} {
		check(t, os.Mkdir(at(top), 0o755))
		if out := splitBelow(t, state, at(top), func() {}); len(out) != 0 {
			t.Errorf("below %s: %+v", top, out)
		}
	}
	check(t, os.Rename(at("tree/d"), at("tree/d2/d")))
	check(t, os.Symlink("d2/d", at("tree/d")))
	for _, top := range []string{"tre", "tree/d2"} { // by what the way there leads to
		if out := splitBelow(t, state, at(top), func() {}); (len(out) == 1) != (top == "tree/d2") {
			t.Errorf("below %s: %+v", top, out)
		}
	}
}

// TestSplitLinkMoved: a directory that has taken the place of the announced one keeps its links.
func TestSplitLinkMoved(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, d := range []string{"d", "other"} {
		put(t, at(d), "kept", "content", 100)
		check(t, os.Symlink("kept", filepath.Join(at(d), "link")))
	}
	var s Split
	s.AddLinks(t.TempDir(), []string{at("d/link")}, nil)
	w := begun(t, t.TempDir())
	defer w.Close()
	tk := newTaker(w, UndoOptions{})
	p := s.links[0].announce(tk, "0123abcd")
	check(t, os.Rename(at("d"), at("away")))
	check(t, os.Rename(at("other"), at("d")))
	if _, r := s.links[0].separate(t.Context(), &s, tk, p); reasonOf(r) != ReasonChanged {
		t.Errorf("%+v", r)
	}
	if _, err := os.Readlink(at("d/link")); err != nil {
		t.Error(err)
	}
}

// TestSplitLinkUnlisted: a link that is given needs a directory that can be entered, not listed.
func TestSplitLinkUnlisted(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "unlisted/file", "content", 100)
	check(t, os.Symlink("unlisted", filepath.Join(dir, "way")))
	for _, name := range []string{".", "..", "unlisted"} {
		check(t, os.Chmod(filepath.Join(dir, name), 0o711))
	}
	ordinary(t)
	if _, err := os.ReadDir(filepath.Join(dir, "unlisted")); err == nil {
		t.Skip("needs root: its owner may list it")
	}
	l := splitLink{path: filepath.Join(dir, "way/link"), given: true}
	fd, _, err := l.openParent()
	check(t, err)
	kernel.Close(fd)
}
