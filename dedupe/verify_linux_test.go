package dedupe

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// TestVerify: what is said of a set, whatever became of its names.
func TestVerify(t *testing.T) {
	for name, c := range map[string]struct {
		change        func(dir string) error
		paths         []string
		gone, changed bool
	}{
		"untouched": {func(string) error { return nil }, []string{"copy", "kept"}, false, false},
		"other bytes": {func(dir string) error { return rewriteSame(filepath.Join(dir, "kept"), "else") },
			[]string{"copy", "kept"}, false, true},
		"longer": {func(dir string) error { return rewriteSame(filepath.Join(dir, "kept"), "same and more") },
			[]string{"copy", "kept"}, false, true},
		"the kept name is another file": {func(dir string) error { return replaceBy(filepath.Join(dir, "kept"), "same") },
			[]string{"copy"}, false, false},
		"the copy is another file": {func(dir string) error { return replaceBy(filepath.Join(dir, "copy"), "same") },
			nil, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir, state := t.TempDir(), t.TempDir()
			put(t, dir, "kept", "same", 100)
			put(t, dir, "copy", "same", 200)
			linkAll(t, dir, state, decide.Policy{Keep: decide.KeepOldest}, ApplyOptions{})
			check(t, c.change(dir))
			var told []Checked
			check(t, planUndo(t, state).Verify(t.Context(), func(c Checked) { told = append(told, c) }))
			if len(told) != 1 {
				t.Fatalf("%d sets", len(told))
			}
			got := told[0]
			for i, p := range got.Paths {
				got.Paths[i], _ = filepath.Rel(dir, p)
			}
			if !slices.Equal(got.Paths, c.paths) || got.Gone != c.gone || got.Changed != c.changed || got.Err != nil {
				t.Errorf("%+v", got)
			}
		})
	}
}

// rewriteSame writes in place, and puts the mtime back.
func rewriteSame(path, content string) error {
	return errors.Join(os.WriteFile(path, []byte(content), 0o644), os.Chtimes(path, time.Unix(100, 0), time.Unix(100, 0)))
}

func replaceBy(path, content string) error {
	return errors.Join(os.WriteFile(path+".new", []byte(content), 0o644), os.Rename(path+".new", path))
}

// TestVerifyReplacedMeanwhile: what takes the place of a file between two looks at its name is
// no change of that file.
func TestVerifyReplacedMeanwhile(t *testing.T) {
	for name, replace := range map[string]func(path string) error{
		"by a file":   func(path string) error { return replaceBy(path, "else") },
		"by nothing":  os.Remove,
		"by a socket": func(path string) error { return errors.Join(os.Remove(path), unix.Mknod(path, unix.S_IFSOCK|0o644, 0)) },
	} {
		for _, link := range []decide.Link{decide.LinkHard, decide.LinkSymlink} {
			dir, state := t.TempDir(), t.TempDir()
			put(t, dir, "kept", "same", 100)
			put(t, dir, "copy", "same", 200)
			linkAll(t, dir, state, decide.Policy{Keep: decide.KeepOldest, Link: link}, ApplyOptions{})
			u := planUndo(t, state)
			check(t, u.pasts(func(p *past) bool {
				fd, err := kernel.Open(unix.AT_FDCWD, dir)
				check(t, err)
				defer kernel.Close(fd)
				now, _, r := p.names[0].look(fd)
				if r != nil {
					t.Fatalf("%+v", r)
				}
				leadsTo := map[decide.Link]string{decide.LinkHard: "copy", decide.LinkSymlink: "kept"}[link]
				check(t, replace(filepath.Join(dir, leadsTo)))
				c := checker{undo: u, set: p.set, read: map[scan.ID]bool{}}
				c.look(t.Context(), fd, p.names[0], &now)
				if len(c.found.Paths) > 0 || c.found.Changed || c.found.Err != nil {
					t.Errorf("%s, %v: %+v", name, link, c.found)
				}
				return true
			}))
		}
	}
}

// TestHasContentOfShort: a file that ends early has another content.
func TestHasContentOfShort(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "file", "same", 100)
	f, err := os.Open(filepath.Join(dir, "file"))
	check(t, err)
	defer f.Close()
	if r := hasContent(t.Context(), int(f.Fd()), 5, hash.Digest{}); reasonOf(r) != ReasonEdited || r.kind != Skipped {
		t.Errorf("%+v", r)
	}
}

// TestVerifyStopped: a verify that was stopped does not end as if it had seen all.
func TestVerifyStopped(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	put(t, dir, "kept", "same", 100)
	put(t, dir, "copy", "same", 200)
	linkAll(t, dir, state, decide.Policy{}, ApplyOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := planUndo(t, state).Verify(ctx, func(c Checked) { t.Errorf("told %+v", c) })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

// stopAt is a context that has ended when it is asked for the n-th time.
type stopAt struct {
	context.Context
	asked, n int
}

func (s *stopAt) Err() error {
	if s.asked++; s.asked >= s.n {
		return context.Canceled
	}
	return nil
}

// TestVerifyStoppedInFile: a file that a verify was stopped in is none that cannot be read.
func TestVerifyStoppedInFile(t *testing.T) {
	for _, link := range []decide.Link{decide.LinkHard, decide.LinkSymlink} {
		dir, state := t.TempDir(), t.TempDir()
		put(t, dir, "kept", "same", 100)
		put(t, dir, "copy", "same", 200)
		linkAll(t, dir, state, decide.Policy{Link: link}, ApplyOptions{})
		ctx := &stopAt{Context: t.Context()}
		for err := context.Canceled; err != nil && ctx.n < 100; {
			ctx.asked, ctx.n = 0, ctx.n+1
			err = planUndo(t, state).Verify(ctx, func(c Checked) {
				if c.Err != nil {
					t.Errorf("%v, stopped at look %d: told %+v", link, ctx.n, c)
				}
			})
		}
		if ctx.asked >= ctx.n {
			t.Errorf("%v: never came to its end", link)
		}
	}
}

// TestOpenMoved: a digest that cannot be read is no answer.
func TestOpenMoved(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "file", "same", 100)
	f, err := os.Open(filepath.Join(dir, "file"))
	check(t, err)
	defer f.Close()
	if moved, err := openMoved(t.Context(), int(f.Fd()), &journal.Set{Size: 4, Digest: "no digest"}); err == nil || moved {
		t.Errorf("moved %v, %v", moved, err)
	}
}
