package dedupe

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

const testRun = "20260101T000000Z-0123abcd"

// wreck is what a kill leaves in the middle of a replace: the name leads to the
// keeper, and its old inode stands under the temporary name.
type wreck struct {
	dir, state, tmp string
	writer          *journal.Writer
}

func newWreck(t *testing.T) *wreck {
	t.Helper()
	w := &wreck{dir: t.TempDir(), state: t.TempDir(), tmp: temporaryName("0123abcd")}
	put(t, w.dir, "keeper", "content", 1, "name")
	put(t, w.dir, w.tmp, "content", 2)
	w.writer = begun(t, w.state, w.dir)
	keeper, old, dir := statOf(t, w.dir, "keeper"), statOf(t, w.dir, w.tmp), statOf(t, w.dir, ".")
	digest := w.digest(t, "keeper")
	w.writer.Append(
		journal.Record{Set: &journal.Set{Size: 7, Digest: digest.String(), Keeper: keeper.Ino, Dev: keeper.Dev, Path: journal.Path(filepath.Join(w.dir, "keeper"))}},
		journal.Record{Old: &journal.Old{Inode: old.Ino, Mode: old.Mode, UID: old.UID, GID: old.GID, Mtime: old.Mtime, Atime: old.Atime, Links: 1}},
		journal.Record{Replace: &journal.Replace{Seq: 1, Path: journal.Path(filepath.Join(w.dir, "name")), DirDev: dir.Dev, DirInode: dir.Ino, Temporary: w.tmp}})
	check(t, w.writer.Sync())
	t.Cleanup(func() { w.writer.Close() })
	return w
}

func (w *wreck) digest(t *testing.T, base string) hash.Digest {
	t.Helper()
	f, err := os.Open(filepath.Join(w.dir, base))
	check(t, err)
	defer f.Close()
	d, err := hash.Sum(t.Context(), int(f.Fd()), statOf(t, w.dir, base).Size)
	check(t, err)
	return d
}

func (w *wreck) write(t *testing.T, base, content string) {
	t.Helper()
	check(t, os.WriteFile(filepath.Join(w.dir, base), []byte(content), 0o644))
}

func (w *wreck) wants(t *testing.T, base, content string) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(w.dir, base))
	if content == "" && os.IsNotExist(err) {
		return
	}
	if err != nil || string(got) != content {
		t.Errorf("%s holds %q, %v; want %q", base, got, err, content)
	}
}

// clean runs Clean over the wreck, or some files of it, and returns what it says of the
// leftover.
func (w *wreck) clean(t *testing.T, files ...string) string {
	t.Helper()
	roots := []scan.Root{{Path: w.dir}}
	if len(files) > 0 {
		roots = nil
	}
	for _, f := range files {
		roots = append(roots, scan.Root{Path: filepath.Join(w.dir, f)})
	}
	tree, err := scan.Scan(t.Context(), roots, scan.Options{})
	check(t, err)
	defer tree.Close()
	said := "nothing"
	Clean(t.Context(), tree, w.state, func(c Cleaned) { said = c.Reason })
	return said
}

// exchanges skips a case where names cannot be exchanged, without which none is given back.
func exchanges(t *testing.T, dir string) {
	f, err := os.Open(dir)
	check(t, err)
	defer f.Close()
	if err := kernel.Exchange(int(f.Fd()), "keeper", "keeper"); kernel.ExchangeUnknown(err) {
		t.Skip("names cannot be exchanged here")
	}
}

// TestClean: what a kill left goes, unless something would be lost with it.
func TestClean(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile          func(t *testing.T, w *wreck)
		reason             string
		name, keeper, left string // contents afterwards; "" = no such name
	}{
		"untouched": {func(*testing.T, *wreck) {}, "", "content", "content", ""},
		"a writer waited for the old file": {
			func(t *testing.T, w *wreck) { exchanges(t, w.dir); w.write(t, w.tmp, "content, and late") },
			"", "content, and late", "content", "",
		},
		"a writer waited, and left the size as it was": {
			func(t *testing.T, w *wreck) { exchanges(t, w.dir); w.write(t, w.tmp, "changed") },
			"", "changed", "content", "",
		},
		"and another wrote to the new one": {
			func(t *testing.T, w *wreck) { w.write(t, w.tmp, "content, and late"); w.write(t, "name", "newer") },
			ReasonKept, "newer", "newer", "content, and late",
		},
		"only the new one was written to": {
			func(t *testing.T, w *wreck) { w.write(t, "name", "newer") },
			ReasonKept, "newer", "newer", "content",
		},
		"the name is gone": {
			func(t *testing.T, w *wreck) { check(t, os.Remove(filepath.Join(w.dir, "name"))) },
			ReasonKept, "", "content", "content",
		},
		"another file has the name": {
			func(t *testing.T, w *wreck) {
				check(t, os.Remove(filepath.Join(w.dir, "name")))
				w.write(t, "name", "other")
			},
			ReasonKept, "other", "content", "content",
		},
		"another file of that size has the name": {
			func(t *testing.T, w *wreck) {
				check(t, os.Remove(filepath.Join(w.dir, "name")))
				w.write(t, "name", "another")
			},
			ReasonKept, "another", "content", "content",
		},
		"another file has the temporary name": {
			func(t *testing.T, w *wreck) {
				w.write(t, "other", "other")
				check(t, os.Rename(filepath.Join(w.dir, "other"), filepath.Join(w.dir, w.tmp)))
			},
			ReasonKept, "content", "content", "other",
		},
		"another file of the same content has the name": {
			func(t *testing.T, w *wreck) {
				put(t, w.dir, "like", "content", 3, "like too")
				check(t, os.Rename(filepath.Join(w.dir, "like"), filepath.Join(w.dir, "name")))
				w.write(t, w.tmp, "late")
			},
			ReasonKept, "content", "content", "late",
		},
		"the keeper has no other name": {
			func(t *testing.T, w *wreck) {
				check(t, os.Remove(filepath.Join(w.dir, "keeper")))
				w.write(t, w.tmp, "late")
			},
			ReasonKept, "content", "", "late",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWreck(t)
			check(t, w.writer.Close())
			c.meanwhile(t, w)
			if got := w.clean(t); got != c.reason {
				t.Errorf("said %q, want %q", got, c.reason)
			}
			w.wants(t, "name", c.name)
			w.wants(t, "keeper", c.keeper)
			w.wants(t, w.tmp, c.left)
		})
	}
}

// TestCleanBeforeExchange: a leftover that is but one more name of the keeper goes, whatever has become
// of the file beside it, unless it is the last one, or somebody has written to the keeper: that may have
// been meant for the file beside it.
func TestCleanBeforeExchange(t *testing.T) {
	for newer, change := range map[string]func(name string) error{
		"edited": func(name string) error { return os.WriteFile(name, []byte("edited"), 0o644) },
		"replaced": func(name string) error {
			return errors.Join(os.Remove(name), os.WriteFile(name, []byte("replaced"), 0o644))
		},
		"": os.Remove,
	} {
		for keeper, left := range map[string]string{"content": "", "": "content", "late": "late"} {
			w := newWreck(t)
			check(t, w.writer.Close())
			name, tmp, aside := filepath.Join(w.dir, "name"), filepath.Join(w.dir, w.tmp), filepath.Join(w.dir, "aside")
			check(t, errors.Join(os.Rename(tmp, aside), os.Rename(name, tmp), os.Rename(aside, name)))
			check(t, change(name))
			switch keeper {
			case "":
				check(t, os.Remove(filepath.Join(w.dir, "keeper")))
			case left:
				w.write(t, "keeper", left)
			}
			if got := w.clean(t); (got == ReasonKept) != (left != "") {
				t.Errorf("%q, with the keeper %q: said %q", newer, keeper, got)
			}
			w.wants(t, "name", newer)
			w.wants(t, "keeper", keeper)
			w.wants(t, w.tmp, left)
		}
	}
}

// TestCleanHints: whoever has to judge a leftover is told what can be done.
func TestCleanHints(t *testing.T) {
	for want, change := range map[error]func(w *wreck){
		errKept: func(w *wreck) { w.write(t, "name", "newer") },
		errLone: func(w *wreck) { check(t, os.Remove(filepath.Join(w.dir, "name"))) },
	} {
		w := newWreck(t)
		check(t, w.writer.Close())
		change(w)
		tree, err := scan.Scan(t.Context(), []scan.Root{{Path: w.dir}}, scan.Options{})
		check(t, err)
		defer tree.Close()
		Clean(t.Context(), tree, w.state, func(c Cleaned) {
			if c.Reason != ReasonKept || c.Err != want {
				t.Errorf("said %q, %v; want %v", c.Reason, c.Err, want)
			}
		})
	}
}

// TestCleanAgain: a name that went to another keeper had the inode that was announced with it first.
func TestCleanAgain(t *testing.T) {
	w := newWreck(t)
	exchanges(t, w.dir)
	j, err := journal.Find(w.state, testRun)
	check(t, err)
	var set *journal.Set
	var again journal.Replace
	for r, err := range j.Records() {
		check(t, err)
		if r.Set != nil {
			set = r.Set
		}
		if r.Replace != nil {
			again = *r.Replace
		}
	}
	again.Again = true
	w.writer.Append(journal.Record{Set: &journal.Set{}}, journal.Record{Old: &journal.Old{Inode: 1}}, journal.Record{Replace: &journal.Replace{Seq: 2, Path: "/else"}},
		journal.Record{Set: set}, journal.Record{Replace: &again})
	check(t, w.writer.Close())
	w.write(t, w.tmp, "content, and late")
	if reason := w.clean(t); reason != "" {
		t.Errorf("it stays: %s", reason)
	}
	w.wants(t, "name", "content, and late")
	w.wants(t, w.tmp, "")
}

// TestSweep: an undo removes what the run has left beside a name that it takes back, if it was killed, or
// could go neither on nor back; of a run that has ended otherwise it left nothing.
func TestSweep(t *testing.T) {
	end := journal.Record{End: &journal.End{Complete: true, Linked: 1}}
	for name, c := range map[string]struct {
		records []journal.Record
		left    string
	}{
		"killed": {nil, ""},
		"stuck":  {[]journal.Record{{Done: &journal.Done{Seq: 1, Reason: ReasonSystem, Stuck: true}}, end}, ""},
		"ended":  {[]journal.Record{{Done: &journal.Done{Seq: 1}}, end}, "content"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWreck(t)
			w.writer.Append(c.records...)
			check(t, w.writer.Close())
			then := time.Unix(1_000_000_000, 5)
			check(t, os.Chtimes(w.dir, then, then))
			j, err := journal.Find(w.state, testRun)
			check(t, err)
			u, err := NewUndo(j)
			check(t, err)
			if sum, err := u.Run(t.Context(), UndoOptions{}); err != nil || sum.Restored != 1 {
				t.Errorf("%+v, %v", sum, err)
			}
			w.wants(t, "name", "content")
			w.wants(t, w.tmp, c.left)
			if statOf(t, w.dir, "name").Ino == statOf(t, w.dir, "keeper").Ino {
				t.Error("the name was not taken back")
			}
			if info, err := os.Stat(w.dir); err != nil || !info.ModTime().Equal(then) {
				t.Errorf("mtime %v, %v", info.ModTime(), err)
			}
		})
	}
}

// TestCleanBeside: what a kill left beside a file that is given as PATH goes; beside others
// in that directory nothing is looked at, nor what no journal tells of.
func TestCleanBeside(t *testing.T) {
	for name, c := range map[string]struct {
		files  []string
		reason string
		left   string
	}{
		"the file":             {[]string{"name", "keeper"}, "", ""},
		"another":              {[]string{"keeper"}, "nothing", "content"},
		"the temporary itself": {[]string{"name", ".tmp"}, "", ""},
	} {
		w := newWreck(t)
		check(t, w.writer.Close())
		mine := temporaryName("0123abcd")
		put(t, w.dir, mine, "mine", 1, "other")
		for i := range c.files {
			if c.files[i] == ".tmp" {
				c.files[i] = w.tmp
			}
		}
		if got := w.clean(t, c.files...); got != c.reason {
			t.Errorf("%s: said %q, want %q", name, got, c.reason)
		}
		w.wants(t, "name", "content")
		w.wants(t, w.tmp, c.left)
		w.wants(t, mine, "mine")
	}
}

// TestCleanMoved: in another directory than the journal tells of a temporary name is as any that
// no journal explains, whatever lies beside it.
func TestCleanMoved(t *testing.T) {
	w := newWreck(t)
	check(t, w.writer.Close())
	put(t, w.dir, "moved/name", "content", 3)
	moved := filepath.Join("moved", w.tmp)
	check(t, os.Rename(filepath.Join(w.dir, w.tmp), filepath.Join(w.dir, moved)))
	if got := w.clean(t); got != ReasonForeign {
		t.Errorf("said %q", got)
	}
	w.wants(t, moved, "content")
}

// TestCleanLive: the temporary name of a run at work is in use.
func TestCleanLive(t *testing.T) {
	w := newWreck(t)
	if got := w.clean(t); got != ReasonLive {
		t.Errorf("said %q", got)
	}
	w.wants(t, w.tmp, "content")
}

// TestCleanForeign: a name that no journal tells of stays, whatever it looks
// like, while it is young or leads to a file that has no other name.
func TestCleanForeign(t *testing.T) {
	for name, links := range map[string][]string{"alone": nil, "young link": {"other"}} {
		w := &wreck{dir: t.TempDir(), state: t.TempDir(), tmp: temporaryName("ffffffff")}
		put(t, w.dir, w.tmp, "mine", 1, links...)
		if got := w.clean(t); got != ReasonForeign {
			t.Errorf("%s: said %q", name, got)
		}
		w.wants(t, w.tmp, "mine")
	}
}

// TestCleanKeepsMtime: the directory shows nothing of it.
func TestCleanKeepsMtime(t *testing.T) {
	w := newWreck(t)
	check(t, w.writer.Close())
	then := time.Unix(1_000_000_000, 5)
	check(t, os.Chtimes(w.dir, then, then))
	w.clean(t)
	if info, err := os.Stat(w.dir); err != nil || !info.ModTime().Equal(then) {
		t.Errorf("mtime %v, %v", info.ModTime(), err)
	}
}
