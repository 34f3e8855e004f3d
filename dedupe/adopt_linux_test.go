package dedupe

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/hash"
)

// TestTwin: the other names of an old inode join a file only if it is in all what that
// inode was, and no keeper.
func TestTwin(t *testing.T) {
	touch := func(path string) error { return os.Chtimes(path, time.Unix(100, 0), time.Unix(100, 0)) }
	for name, c := range map[string]struct {
		change func(path string, n *pastName, look *journal.Old) error
		want   bool
	}{
		"as it was": {func(string, *pastName, *journal.Old) error { return nil }, true},
		"with an attribute more": {func(path string, _ *pastName, _ *journal.Old) error {
			return unix.Setxattr(path, "user.note", []byte("mine"), 0)
		}, false},
		"with an attribute less": {func(_ string, _ *pastName, look *journal.Old) error {
			look.Xattrs = map[string][]byte{"user.note": []byte("mine")}
			return nil
		}, false},
		"with another attribute": {func(path string, _ *pastName, look *journal.Old) error {
			look.Xattrs = map[string][]byte{"user.note": []byte("mine")}
			return unix.Setxattr(path, "user.note", []byte("ours"), 0)
		}, false},
		"with other content": {func(path string, _ *pastName, _ *journal.Old) error {
			if err := os.WriteFile(path, []byte("also"), 0o644); err != nil {
				return err
			}
			return touch(path)
		}, false},
		"longer": {func(path string, _ *pastName, _ *journal.Old) error {
			if err := os.WriteFile(path, []byte("same and more"), 0o644); err != nil {
				return err
			}
			return touch(path)
		}, false},
		"with another mtime": {func(_ string, _ *pastName, look *journal.Old) error { look.Mtime++; return nil }, false},
		"with another mode":  {func(path string, _ *pastName, _ *journal.Old) error { return os.Chmod(path, 0o600) }, false},
		"of another owner":   {func(_ string, _ *pastName, look *journal.Old) error { look.UID++; return nil }, false},
		"of another group":   {func(_ string, _ *pastName, look *journal.Old) error { look.GID++; return nil }, false},
		"a keeper": {func(path string, n *pastName, _ *journal.Old) error {
			var st unix.Stat_t
			err := unix.Stat(path, &st)
			n.keeper = append(n.keeper, st.Ino)
			return err
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := openSwap(t) // a file "victim" that holds "same"
			digest, err := hash.Sum(t.Context(), s.prev.fd, 4)
			check(t, err)
			s.prev.close() // writers would wait for its lease
			dir := filepath.Dir(s.prev.path)
			n := &pastName{keeper: keepers{s.next.stat.Ino}}
			n.Path = journal.Path(filepath.Join(dir, "victim"))
			st := s.prev.stat
			look := &journal.Old{UID: st.UID, GID: st.GID, Mode: st.Mode, Mtime: st.Mtime}
			if err := c.change(string(n.Path), n, look); err != nil {
				t.Skipf("%s: %v", dir, err)
			}
			sep := &separation{look: look, want: &digest}
			got := sep.twin(t.Context(), s.dir, n, 4, n.keeper)
			if got != nil {
				got.close()
			}
			if (got != nil) != c.want {
				t.Errorf("is a twin: %v, want %v", got != nil, c.want)
			}
		})
	}
}

// TestAdoptReused: a name that is to be parted joins the others of its old inode, also where those lead to a copy
// that has got the number of a keeper which is gone.
func TestAdoptReused(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "shared", "same", 100)
	put(t, dir, "copy", "same", 200)
	h, r := openNow(openDir(t, dir), "copy")
	if r != nil {
		t.Fatal(r.reason, r.err)
	}
	digest, err := hash.Sum(t.Context(), h.fd, 4)
	check(t, err)
	h.close() // writers would wait for its lease
	shared, reused := statOf(t, dir, "shared"), h.stat
	name := func(base string) *pastName {
		at := journal.Replace{Path: journal.Path(filepath.Join(dir, base)), DirInode: statOf(t, dir, ".").Ino}
		return &pastName{Replace: at, keeper: keepers{reused.Ino, shared.Ino}}
	}
	old := &journal.Old{UID: reused.UID, GID: reused.GID, Mode: reused.Mode, Mtime: reused.Mtime}
	tk := &taker{undo: &Undo{roots: newRecordedRoots([]journal.Path{journal.Path(dir)})}}
	for _, base := range []string{"copy", "shared"} {
		s := separation{old: old, want: &digest}
		tk.adopt(t.Context(), &s, &past{set: &journal.Set{Size: 4}, old: old, names: []*pastName{name("shared")}, kin: []*pastName{name(base)}})
		if adopted := s.fresh != nil; adopted != (base == "copy") {
			t.Errorf("the other name leads to %s: it is joined: %v", base, adopted)
		}
		s.close()
	}
	away := name("shared")
	away.DirInode++
	if got := new(separation).survey(tk.undo, []*pastName{away, name("shared")}); len(got) != 2 {
		t.Errorf("a name that cannot be looked at may lead to either: %v", got)
	}
}

// TestSameLook: two looks differ in each thing that a copy can be given, but for the atime, and an ACL that is
// listed twice.
func TestSameLook(t *testing.T) {
	a := journal.Old{UID: 1, GID: 2, Mode: 0o644, Mtime: 3, Atime: 4, Xattrs: journal.Xattrs{"user.note": []byte("mine")}}
	for name, c := range map[string]struct {
		change func(b *journal.Old)
		want   bool
	}{
		"nothing":        {func(*journal.Old) {}, true},
		"atime":          {func(b *journal.Old) { b.Atime++ }, true},
		"listed ACL":     {func(b *journal.Old) { b.Xattrs["trusted.SGI_ACL_FILE"] = nil }, true},
		"owner":          {func(b *journal.Old) { b.UID++ }, false},
		"group":          {func(b *journal.Old) { b.GID++ }, false},
		"mode":           {func(b *journal.Old) { b.Mode = 0o600 }, false},
		"mtime":          {func(b *journal.Old) { b.Mtime++ }, false},
		"attribute":      {func(b *journal.Old) { b.Xattrs["user.note"] = []byte("ours") }, false},
		"attribute less": {func(b *journal.Old) { b.Xattrs = nil }, false},
	} {
		b := a
		b.Xattrs = maps.Clone(a.Xattrs)
		if c.change(&b); sameLook(&a, &b) != c.want {
			t.Errorf("%s: %v, want %v", name, !c.want, c.want)
		}
	}
}
