package dedupe

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/scan"
)

// big content, so that a link takes less.
var big = strings.Repeat("same", 5000)

// symbolRun is a plan of symbolic links about to be carried out: a/f stays, b/f is
// to become a link.
type symbolRun struct {
	dir  string
	plan *decide.Plan
}

func newSymbolRun(t *testing.T) *symbolRun {
	t.Helper()
	r := &symbolRun{dir: t.TempDir()}
	put(t, r.dir, "a/f", big, 100)
	put(t, r.dir, "b/f", big, 200)
	res := find(t, r.dir, scan.Root{Path: "a", Protected: true}, scan.Root{Path: "b"})
	r.plan = planOf(res, decide.Policy{Link: decide.LinkSymlink}, &decide.Layouts{})
	return r
}

func (r *symbolRun) path(name string) string { return filepath.Join(r.dir, name) }

// apply carries the plan out and returns the only outcome.
func (r *symbolRun) apply(t *testing.T) (out Outcome) {
	t.Helper()
	w := begun(t, t.TempDir())
	_, err := Apply(t.Context(), r.plan, ApplyOptions{Journal: w, Run: "0123abcd", OnOutcome: func(o Outcome) { out = o }})
	check(t, err)
	check(t, w.Close())
	return out
}

// entries lists what is in a directory.
func (r *symbolRun) entries(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(r.path(dir))
	check(t, err)
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

// The link has owner and mtime of the file, and what it takes is not freed.
func TestSymbol(t *testing.T) {
	r := newSymbolRun(t)
	out := r.apply(t)
	if out.Kind != Linked || out.Freed != r.plan.Totals().Reclaimable || out.Freed == 0 {
		t.Fatalf("outcome %+v, planned %d bytes", out, r.plan.Totals().Reclaimable)
	}
	if text, err := os.Readlink(r.path("b/f")); err != nil || text != "../a/f" {
		t.Errorf("b/f says %q, %v", text, err)
	}
	info, err := os.Lstat(r.path("b/f"))
	check(t, err)
	if info.ModTime().Unix() != 200 {
		t.Errorf("mtime %v", info.ModTime())
	}
}

// Whatever happens to the tree between the plan and the replace: the file stays,
// and nothing is left beside it.
func TestSymbolRefused(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile func(t *testing.T, r *symbolRun)
		reason    string
		dir, file string // where the copy is afterwards
	}{
		"the keeper's directory is moved within": {
			func(t *testing.T, r *symbolRun) { check(t, os.Rename(r.path("a"), r.path("c"))) },
			ReasonKeeperLost, "b", "b/f",
		},
		"and a copy of it takes its place": {
			func(t *testing.T, r *symbolRun) {
				check(t, os.Rename(r.path("a"), r.path("c")))
				put(t, r.dir, "a/f", big, 100)
			},
			ReasonKeeperLost, "b", "b/f",
		},
		"and a link takes its place": {
			func(t *testing.T, r *symbolRun) {
				check(t, os.Rename(r.path("a"), r.path("c")))
				check(t, os.Symlink("c", r.path("a")))
			},
			ReasonKeeperLost, "b", "b/f",
		},
		"the keeper is renamed": {
			func(t *testing.T, r *symbolRun) { check(t, os.Rename(r.path("a/f"), r.path("a/g"))) },
			ReasonKeeperLost, "b", "b/f",
		},
		"the copy's directory is moved": {
			func(t *testing.T, r *symbolRun) {
				check(t, os.Mkdir(r.path("deep"), 0o755))
				check(t, os.Rename(r.path("b"), r.path("deep/b")))
			},
			ReasonMoved, "deep/b", "deep/b/f",
		},
		"the copy's directory is somebody else's, and sticky": {
			func(t *testing.T, r *symbolRun) {
				if os.Geteuid() != 0 {
					t.Skip("needs root: gives a directory away")
				}
				check(t, os.Chown(r.path("b"), 1, -1))
				check(t, os.Chmod(r.path("b"), 0o777|os.ModeSticky))
			},
			decide.ReasonSticky, "b", "b/f",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newSymbolRun(t)
			c.meanwhile(t, r)
			if out := r.apply(t); out.Kind == Linked || out.Reason != c.reason {
				t.Errorf("outcome %+v, want %q", out, c.reason)
			}
			if info, err := os.Lstat(r.path(c.file)); err != nil || !info.Mode().IsRegular() {
				t.Errorf("%s is no file any more: %v", c.file, err)
			}
			if names := r.entries(t, c.dir); len(names) != 1 {
				t.Errorf("beside it: %q", names)
			}
		})
	}
}

// TestReadyItself: no file is replaced by a link to itself, whatever way led to it twice.
func TestReadyItself(t *testing.T) {
	s := openSwap(t)
	y := &symbol{pointer: &pointer{keeper: s.prev}}
	if r := y.ready(s); reasonOf(r) != ReasonOtherView {
		t.Errorf("%+v", r)
	}
}

// A link is given away through its descriptor only if it says what ours does.
func TestOpenSymbol(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "file", "x", 1)
	check(t, os.Symlink("file", filepath.Join(dir, "ours")))
	check(t, os.Symlink("other", filepath.Join(dir, "theirs")))
	fd := openDir(t, dir)
	h, r := openSymbol(fd, "ours", "file")
	if r != nil {
		t.Fatalf("ours: %+v", r)
	}
	h.close()
	for _, name := range []string{"theirs", "file", "missing"} {
		if _, r := openSymbol(fd, name, "file"); r == nil {
			t.Errorf("%s is taken for ours", name)
		}
	}
}

// openTarget opens regular files only: a FIFO would make us wait, a device act.
func TestOpenTarget(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "file", "x", 1)
	check(t, os.Symlink("file", filepath.Join(dir, "link")))
	check(t, unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600))
	fd := openDir(t, dir)
	h, r := openTarget(fd, "link")
	if r != nil {
		t.Fatalf("link: %+v", r)
	}
	h.close()
	for _, path := range []string{"fifo", ".", "missing", "/dev/null"} {
		if _, r := openTarget(fd, path); r == nil {
			t.Errorf("%s is opened", path)
		}
	}
}

// Where protected_symlinks lets only its owner follow a link, none is made.
func TestUnfollowed(t *testing.T) {
	for _, c := range []struct {
		mode       uint32
		owner, own uint32
		want       bool
	}{
		{0o41777, 0, 1000, true}, {0o41777, 1000, 1000, false}, {0o40777, 0, 1000, false}, {0o41755, 0, 1000, false},
	} {
		dir, file := scan.Stat{Mode: c.mode, UID: c.owner}, scan.Stat{UID: c.own}
		if got := unfollowed(&dir, &file); got != c.want {
			t.Errorf("%o of %d, file of %d: %t", c.mode, c.owner, c.own, got)
		}
	}
}

// TestUnreadableSymbol: a fresh link that cannot be read, or has its slashes turned, is removed, and no failure; what
// is no link by then stays.
func TestUnreadableSymbol(t *testing.T) {
	s := openSwap(t)
	check(t, unix.Symlinkat("keeper", s.dir, s.tmp))
	if r := s.unreadable(skip(ReasonChanged), "dir/keeper"); r.reason != ReasonChanged || exists(s.dir, s.tmp) != nil {
		t.Errorf("%q, and the link that says something else is gone", r.reason)
	}
	if r := s.unreadable(refused(unix.EPERM), "dir/keeper"); r.kind != Skipped || r.reason != decide.ReasonNotReached || exists(s.dir, s.tmp) == nil {
		t.Errorf("%v %q, and the link is still there", r.kind, r.reason)
	}
	check(t, unix.Symlinkat("keeper", s.dir, s.tmp))
	if r := s.unreadable(refused(unix.EMFILE), "dir/keeper"); r.kind != Failed || r.reason != ReasonSystem || exists(s.dir, s.tmp) == nil {
		t.Errorf("no descriptor left: %v %q, or the link is still there", r.kind, r.reason)
	}
	check(t, unix.Symlinkat("dir/a/b", s.dir, s.tmp))
	if r := s.unreadable(skip(ReasonChanged), `dir/a\b`); r.kind != Skipped || r.reason != decide.ReasonNotReached || exists(s.dir, s.tmp) == nil {
		t.Errorf("%v %q, and the link with turned slashes is still there", r.kind, r.reason)
	}
	s.tmp = "victim"
	if r := s.unreadable(refused(unix.EPERM), "dir/keeper"); r.reason != ReasonPermission || exists(s.dir, "victim") != nil {
		t.Errorf("%q, and the file is gone", r.reason)
	}
}

// TestNowhere: a directory that /proc does not tell of has not been moved.
func TestNowhere(t *testing.T) {
	if r := isAt(-1, "/somewhere"); r == nil || r.kind != Failed || r.err != errNoProc {
		t.Errorf("%+v", r)
	}
}

// TestDeepNowhere: nor does it tell where a directory is whose path is longer than any call takes.
func TestDeepNowhere(t *testing.T) {
	dir, err := unix.Open(t.TempDir(), unix.O_PATH|unix.O_CLOEXEC, 0)
	check(t, err)
	name := strings.Repeat("d", 200)
	for range 25 {
		check(t, unix.Mkdirat(dir, name, 0o755))
		below, err := unix.Openat(dir, name, unix.O_PATH|unix.O_CLOEXEC, 0)
		check(t, err)
		unix.Close(dir)
		dir = below
	}
	defer unix.Close(dir)
	if r := isAt(dir, "/somewhere"); r == nil || r.kind != Skipped || r.reason != decide.ReasonLongTarget {
		t.Errorf("%+v", r)
	}
}

func exists(dir int, base string) error {
	_, err := scan.StatAt(dir, base)
	return err
}

// TestReachedWithoutDescriptors: that no file can be opened is no reason to leave the link
// out for good.
func TestReachedWithoutDescriptors(t *testing.T) {
	var limit unix.Rlimit
	check(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	check(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 0, Max: limit.Max}))
	r := (&symbol{}).reached(unix.AT_FDCWD, ".")
	check(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
	if r == nil || r.kind != Failed || r.reason != ReasonSystem || r.err != unix.EMFILE {
		t.Errorf("%+v", r)
	}
}

// TestOpenQuietly: undo and verify read through it, and leave no trace.
func TestOpenQuietly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	check(t, os.WriteFile(path, []byte("content"), 0o644))
	past := time.Unix(1e9, 0)
	check(t, os.Chtimes(path, past, time.Unix(2e9, 0))) // older than mtime: relatime would update it
	link, err := kernel.OpenSymlink(unix.AT_FDCWD, path)
	check(t, err)
	defer unix.Close(link)
	for name, open := range map[string]func() (int, error){
		"again":       func() (int, error) { return kernel.OpenAgain(link) },
		"for writing": func() (int, error) { return kernel.OpenForWriting(unix.AT_FDCWD, path) },
	} {
		fd, err := open()
		check(t, err)
		defer unix.Close(fd)
		_, err = unix.Pread(fd, make([]byte, 1), 0)
		check(t, err)
		st, err := scan.FStatNow(fd)
		check(t, err)
		if st.Atime != past.UnixNano() {
			t.Errorf("%s: read at %v", name, time.Unix(0, st.Atime))
		}
	}
}
