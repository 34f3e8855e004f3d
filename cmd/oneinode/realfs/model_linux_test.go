package realfs_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// modelTime is how long TestModel goes on: 20 seconds, or ONEINODE_MODEL.
func modelTime(t testing.TB) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(os.Getenv("ONEINODE_MODEL"))
	switch {
	case err == nil:
		return d
	case testing.Short():
		return 3 * time.Second
	}
	return 20 * time.Second
}

// TestModel lets a program work on a random tree while runs, undos and splits
// come, go and are killed at random. An oracle that knows nothing of the
// program under test says what each path holds. ONEINODE_SEED repeats a trial.
func TestModel(t *testing.T) {
	t.Parallel()
	needTools(t, "strace")
	if seed, err := strconv.ParseUint(os.Getenv("ONEINODE_SEED"), 10, 64); err == nil {
		modelTrial(t, seed, &tally{})
		return
	}
	var sum tally
	for end := time.Now().Add(modelTime(t)); time.Now().Before(end) && !t.Failed(); sum.trials++ {
		seed := rand.Uint64()
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { modelTrial(t, seed, &sum) })
	}
	t.Logf("%+v", sum)
	if sum.linked == 0 || sum.kills == 0 {
		t.Error("nothing was linked or killed: the trials show nothing")
	}
}

// tally counts what the trials met.
type tally struct {
	trials, runs, kills, operations, writes, reads, linked, shared, checks int
	transient                                                              int // reads that saw an exchange in the making
	aside                                                                  int // a kill left a path's file under a temporary name
}

// world is a tree, what each of its paths must hold, and its only other user.
type world struct {
	t      testing.TB
	rand   *rand.Rand
	dir    string
	dirs   []string          // relative, "" first
	files  map[string][]byte // by relative path
	forged int               // names made so far
	log    []string
	sum    *tally
	more   map[string]more
	copies bool // the run at work makes copies
}

// more is what the model knows of a path beside its content.
type more struct {
	// fresh: the path was given another file during this episode.
	fresh bool
	// stray: a writer's file stood aside when it came to the open, which can but
	// be after a kill; the next run brings it back.
	stray bool
	// or is what the path may hold instead. A copy that an undo or a split makes
	// is not guarded by a lease, so while names move to it, a write through one
	// of them may or may not be meant for the others.
	or [][]byte
}

func modelTrial(t *testing.T, seed uint64, sum *tally) {
	w := &world{more: map[string]more{}, t: t, rand: rand.New(rand.NewPCG(seed, 7)), dir: tempDir(t), dirs: []string{""}, files: map[string][]byte{}, sum: sum}
	for range 3 {
		w.mkdir()
	}
	for range 50 {
		w.create()
	}
	oneinode := Oneinode(t)
	names := watchNames(t, w.dir)
	for range 8 {
		w.episode(oneinode, names)
		if t.Failed() {
			t.Fatalf("seed %d; the last operations:\n%s", seed, strings.Join(w.log[max(0, len(w.log)-60):], "\n"))
		}
	}
}

// episode is one run of the program and what happens meanwhile.
func (w *world) episode(oneinode *Program, names *watch) {
	args := [][]string{
		{"dedupe", "-q", w.dir}, {"dedupe", "-q", "--match", "none", w.dir}, {"dedupe", "-q", "--verify", "bytes", w.dir},
		{"dedupe", "-q", "--match", "none", "--keep", "newest", "--max-links", "4", w.dir},
		{"undo", "-q"}, {"split", "-q", "-r", w.dir},
	}[w.rand.IntN(6)]
	w.copies = args[0] != "dedupe"
	maps.DeleteFunc(w.more, func(_ string, m more) bool { return !m.stray })
	if w.rand.IntN(6) == 0 {
		time.Sleep(2100 * time.Millisecond) // so that files are quiet, and need no comparison
	}
	names.seen = time.Time{}
	for names.read() {
		names.seen = time.Time{}
	}
	names.seen = time.Time{}
	w.note("-- %s", args)
	var slowly []string
	if w.rand.IntN(3) == 0 {
		slowly = strace(w.t, slowCalls[w.rand.IntN(len(slowCalls)):][:1])
	}
	run := oneinode.Start(slowly, args...)
	kill := w.rand.IntN(3) > 0
	if kill {
		late, wait := w.rand.IntN(4) > 0, time.Duration(w.rand.Int64N(int64(25*time.Millisecond)))
		go func() {
			if late {
				names.temporary(run.done)
			}
			time.Sleep(wait)
			run.kill(syscall.SIGKILL)
		}()
	}
	for !over(run) {
		w.operation()
		if w.rand.IntN(3) == 0 {
			time.Sleep(time.Duration(w.rand.Int64N(int64(time.Millisecond))))
		}
	}
	r := run.wait()
	w.sum.runs++
	if r.Code == 128+int(syscall.SIGKILL) && kill {
		w.sum.kills++
	} else if !slices.Contains([]int{0, 1, 3}, r.Code) {
		w.t.Errorf("%q: exit code %d\n%s", args, r.Code, r.trouble())
	}
	w.note("-- %s ended with %d", args, r.Code)
	w.check(r.Code)
}

func (w *world) note(format string, args ...any) { w.log = append(w.log, fmt.Sprintf(format, args...)) }

func (w *world) path(rel string) string { return filepath.Join(w.dir, rel) }

// pick returns a path that is there.
func (w *world) pick() string {
	all := slices.Sorted(maps.Keys(w.files))
	return all[w.rand.IntN(len(all))]
}

func (w *world) newName() string {
	w.forged++
	return filepath.Join(w.dirs[w.rand.IntN(len(w.dirs))], fmt.Sprintf("f%03d", w.forged))
}

// contents are few, so that there are duplicates, of sizes on both sides of a page.
func (w *world) content() []byte {
	k := w.rand.IntN(4)
	return bytes.Repeat(fmt.Appendf(nil, "content %d, ", k), []int{1, 300, 900, 10}[k])
}

func (w *world) operation() {
	w.sum.operations++
	switch n := w.rand.IntN(100); {
	case len(w.files) < 30 || n < 8 && len(w.files) < 80:
		w.create()
	case n < 40:
		w.read(w.pick())
	case n < 58:
		w.write(w.pick())
	case n < 66:
		w.renew(w.pick())
	case n < 74:
		w.rename(w.pick(), w.newName())
	case n < 78:
		w.rename(w.pick(), w.pick())
	case n < 86:
		w.link()
	case n < 92 && len(w.files) > 30:
		w.unlink(w.pick())
	case n < 96:
		w.chmod(w.pick())
	case n < 98:
		w.moveDirectory()
	default:
		w.restore()
	}
}

func (w *world) mkdir() {
	w.forged++
	d := filepath.Join(w.dirs[w.rand.IntN(len(w.dirs))], fmt.Sprintf("d%03d", w.forged))
	must(w.t, os.Mkdir(w.path(d), 0o755))
	w.dirs = append(w.dirs, d)
}

func (w *world) create() {
	p, c := w.newName(), w.content()
	must(w.t, os.WriteFile(w.path(p), c, 0o644))
	w.files[p] = c
	w.note("create %s, %d bytes", p, len(c))
}

// restore makes a file a duplicate again.
func (w *world) restore() {
	p := w.pick()
	w.inPlace(p, func(f *os.File, _ []byte) []byte {
		c := w.content()
		must(w.t, f.Truncate(0))
		_, err := f.WriteAt(c, 0)
		must(w.t, err)
		return c
	})
	w.note("restore %s", p)
}

// read: each path shows its content at every moment. A name that was given
// another file in the very moment of an exchange may show the old one until the
// run has seen it and gone back.
func (w *world) read(p string) {
	w.sum.reads++
	got, err := os.ReadFile(w.path(p))
	if err == nil && w.may(p, got) {
		return
	}
	for range 20 {
		time.Sleep(5 * time.Millisecond)
		if got, err = os.ReadFile(w.path(p)); err == nil && w.may(p, got) {
			if !w.more[p].fresh {
				w.t.Errorf("%s showed something else for a moment", p)
			}
			w.sum.transient++
			return
		}
	}
	if !w.more[p].fresh {
		w.t.Errorf("read %s: %d bytes, %.20q, %v; want %d, %.20q", p, len(got), got, err, len(w.files[p]), w.files[p])
	}
}

// may reports whether a path may hold this.
func (w *world) may(p string, got []byte) bool {
	return bytes.Equal(got, w.files[p]) || slices.ContainsFunc(w.more[p].or, func(c []byte) bool { return bytes.Equal(got, c) })
}

// sharers are the paths that lead to an inode.
func (w *world) sharers(ino uint64) map[string]bool {
	found := map[string]bool{}
	for q := range w.files {
		var st unix.Stat_t
		if unix.Lstat(w.path(q), &st) == nil && st.Ino == ino {
			found[q] = true
		}
	}
	return found
}

// inPlace opens a path for writing and changes the file. No dedupe can link or
// unlink an open file's inode, so all names that lead to it now are changed.
func (w *world) inPlace(p string, change func(f *os.File, was []byte) []byte) {
	f, err := os.OpenFile(w.path(p), os.O_RDWR, 0)
	if err != nil {
		w.t.Errorf("open %s: %v", p, err)
		return
	}
	defer f.Close()
	w.sum.writes++
	var st unix.Stat_t
	must(w.t, unix.Fstat(int(f.Fd()), &st))
	before := w.sharers(st.Ino)
	was, err := io.ReadAll(f)
	must(w.t, err)
	missed := !w.may(p, was) && w.isBack(p)
	if !missed && !w.may(p, was) {
		w.t.Errorf("%s, opened for writing: %d bytes, %.20q; want %d, %.20q", p, len(was), was, len(w.files[p]), w.files[p])
	}
	now := change(f, was)
	switch {
	case missed:
		w.note("%s missed", p)
	case before[p]:
		delete(w.more, p)
		w.files[p] = now
	default: // then check wants to see a kill
		w.note("%s strays", p)
		w.more[p] = more{stray: true, or: append(w.more[p].or, w.files[p])}
		w.files[p] = now
	}
	if w.copies {
		maps.Copy(before, w.sharers(st.Ino))
	}
	for q := range before {
		if q == p {
			continue
		}
		w.sum.shared++
		if w.copies {
			m := w.more[q]
			m.or = append(m.or, w.files[q])
			w.more[q] = m
		}
		w.files[q] = now
	}
}

// isBack reports whether a path shows the file that it was given: who opened it a moment before
// may have come to what the run had just put there.
func (w *world) isBack(p string) bool {
	got, err := os.ReadFile(w.path(p))
	return w.more[p].fresh && err == nil && bytes.Equal(got, w.files[p])
}

func (w *world) write(p string) {
	kind := w.rand.IntN(3)
	w.inPlace(p, func(f *os.File, was []byte) []byte {
		switch kind {
		case 0: // append
			c := append(bytes.Clone(was), fmt.Sprintf("token %d", w.sum.operations)...)
			_, err := f.WriteAt(c[len(was):], int64(len(was)))
			must(w.t, err)
			return c
		case 1: // overwrite
			c := bytes.Clone(was)
			n := copy(c, fmt.Sprintf("token %d", w.sum.operations))
			_, err := f.WriteAt(c[:n], 0)
			must(w.t, err)
			return c
		}
		n := w.rand.IntN(len(was) + 1)
		must(w.t, f.Truncate(int64(n)))
		return was[:n:n]
	})
	w.note("write %s, kind %d", p, kind)
}

// renew replaces a file as editors do.
func (w *world) renew(p string) {
	tmp, c := w.path(filepath.Join(filepath.Dir(p), "editor~")), w.content()
	must(w.t, os.WriteFile(tmp, c, 0o644))
	must(w.t, os.Rename(tmp, w.path(p)))
	w.files[p], w.more[p] = c, more{fresh: true}
	w.note("renew %s", p)
}

// rename does nothing between two names of one inode, and that the program may
// have made them at any time.
func (w *world) rename(p, q string) {
	if err := os.Rename(w.path(p), w.path(q)); err != nil {
		w.t.Errorf("rename %s to %s: %v", p, q, err)
		return
	}
	w.note("rename %s to %s", p, q)
	if p == q {
		return
	}
	w.files[q], w.more[q] = w.files[p], more{fresh: true, stray: w.more[p].stray, or: w.more[p].or}
	if _, err := os.Lstat(w.path(p)); errors.Is(err, fs.ErrNotExist) {
		delete(w.files, p)
		delete(w.more, p)
	}
}

func (w *world) link() {
	p, q := w.pick(), w.newName()
	err := os.Link(w.path(p), w.path(q))
	for errors.Is(err, fs.ErrNotExist) { // as of an inode whose last name has gone since it was looked up
		_, gone := os.Lstat(w.path(p))
		must(w.t, gone)
		err = os.Link(w.path(p), w.path(q))
	}
	must(w.t, err)
	w.files[q], w.more[q] = w.files[p], w.more[p]
	w.note("link %s to %s", p, q)
}

func (w *world) unlink(p string) {
	if err := os.Remove(w.path(p)); err != nil {
		w.t.Errorf("unlink %s: %v", p, err)
	}
	delete(w.files, p)
	delete(w.more, p)
	w.note("unlink %s", p)
}

func (w *world) chmod(p string) {
	must(w.t, os.Chmod(w.path(p), []os.FileMode{0o644, 0o600, 0o755}[w.rand.IntN(3)]))
	w.note("chmod %s", p)
}

// moveDirectory gives a directory another name.
func (w *world) moveDirectory() {
	i := 1 + w.rand.IntN(len(w.dirs)-1)
	old := w.dirs[i]
	w.forged++
	now := filepath.Join(filepath.Dir(old), fmt.Sprintf("d%03d", w.forged))
	must(w.t, os.Rename(w.path(old), w.path(now)))
	move := func(p string) string {
		if p == old || strings.HasPrefix(p, old+"/") {
			return now + p[len(old):]
		}
		return p
	}
	for k := range w.dirs {
		w.dirs[k] = move(w.dirs[k])
	}
	files, rest := map[string][]byte{}, map[string]more{}
	for p, c := range w.files {
		files[move(p)], rest[move(p)] = c, w.more[p]
	}
	w.files, w.more = files, rest
	w.note("move %s to %s", old, now)
}

// check compares the whole tree with the model. No path of the tree is there
// that the model does not know, but for temporary names.
func (w *world) check(code int) {
	w.sum.checks++
	tree := Manifest(w.t, w.dir)
	leftovers := Leftovers(tree)
	for path, e := range tree {
		rel := strings.TrimPrefix(path, "./")
		if _, known := w.files[rel]; e.Type == unix.S_IFREG && !known && !slices.Contains(leftovers, path) {
			w.t.Errorf("%s has appeared", rel)
		}
		if e.Type == unix.S_IFREG && e.Links > 1 {
			w.sum.linked++
		}
	}
	for p, want := range w.files {
		got, err := os.ReadFile(w.path(p))
		m := w.more[p]
		killed := code == 128+int(syscall.SIGKILL)
		switch {
		case err == nil && bytes.Equal(got, want):
			m.stray = false
			w.more[p] = m
		case err == nil && (m.stray || m.fresh && killed) && w.isAside(want, leftovers):
			w.sum.aside++
			w.more[p] = more{stray: true, or: append(m.or, got)}
		case err == nil && w.may(p, got) && !m.stray:
			w.files[p] = got
		default:
			w.t.Errorf("%s (%+v): %d bytes, %.40q, %v; want %d, %.40q; leftovers %q", p, m, len(got), got, err, len(want), want, leftovers)
		}
	}
}

// isAside: a kill in the very moment in which a name was given another file
// leaves that file under a temporary name, where the next run tells of it.
func (w *world) isAside(want []byte, leftovers []string) bool {
	for _, l := range leftovers {
		if got, err := os.ReadFile(w.path(l)); err == nil && bytes.Equal(got, want) {
			return true
		}
	}
	return false
}
