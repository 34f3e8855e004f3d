package scan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan/beneath"
)

// TestMarked: with and without a listing that fits in one buffer.
func TestMarked(t *testing.T) {
	dir := plant(t, "file a", "file m/.nodedupe", "file m/f", "file m/sub/g", "dir d/.nodedupe", "file d/h", "sym x s/.nodedupe", "file s/i",
		"file n/x.nodedupe", "file n/.nodedup", "file o/nine.text", "file o/.nodedupe", "file o/text.nine", "file first/.nodedupe")
	manyLinks(t, dir+"/large", 3000)
	manyLinks(t, dir+"/first", 3000)
	grow(t, dir, "file large/.nodedupe")
	tree, told := walk(t, Options{}, dir)
	same(t, "names", paths(tree, dir), []string{"a", "n/.nodedup", "n/x.nodedupe"})
	same(t, "skips", told.reasons(dir), []string{"d: marked .nodedupe", "first: marked .nodedupe", "large: marked .nodedupe", "m: marked .nodedupe", "o: marked .nodedupe", "s: marked .nodedupe"})
}

// many makes that many files with long names in a directory, empty ones.
func many(t testing.TB, dir string, n int) {
	t.Helper()
	must(t, os.MkdirAll(dir, 0o755))
	for i := range n {
		must(t, os.WriteFile(fmt.Sprintf("%s/%0100d", dir, i), nil, 0o644))
	}
}

// manyLinks makes them names of one file, which on ext4 takes a thirtieth of the time.
func manyLinks(t testing.TB, dir string, n int) {
	t.Helper()
	many(t, dir, 1)
	for i := range n - 1 {
		must(t, os.Link(fmt.Sprintf("%s/%0100d", dir, 0), fmt.Sprintf("%s/%0100d", dir, i+1)))
	}
}

// TestMarkedAbove: the mark of a directory holds for PATHs below it, too.
func TestMarkedAbove(t *testing.T) {
	dir := plant(t, "file m/.nodedupe", "file m/a/b/f", "file m/g", "file other/h")
	for _, roots := range [][]string{{"m"}, {"m/a/b"}, {"m/a/b/f"}, {"m/g"}, {"m/a/b", "m/a", "m/g"}} {
		for i := range roots {
			roots[i] = dir + "/" + roots[i]
		}
		tree, told := walk(t, Options{}, append(roots, dir+"/other")...)
		same(t, fmt.Sprint(roots), paths(tree, dir), []string{"other/h"})
		if len(told.list) != len(roots) || told.list[0].Reason != ReasonMarked || told.list[0].Err != nil {
			t.Errorf("skips %+v", told.list)
		}
	}
}

func TestCacheDir(t *testing.T) {
	dir := plant(t, "file real/f", "file fake/CACHEDIR.TAG 99", "file short/CACHEDIR.TAG 3", "file sym/f", "fifo pipe/CACHEDIR.TAG", "file pipe/f")
	manyLinks(t, dir+"/large", 3000)
	grow(t, dir, "file real/twelve.chars", "dir first")
	for _, d := range []string{"/real/", "/large/", "/first/"} {
		must(t, os.WriteFile(dir+d+cacheTagName, []byte(cacheTagStart+"\n# more"), 0o644))
	}
	grow(t, dir, "file real/chars.twelve")
	manyLinks(t, dir+"/first", 3000)
	must(t, os.Symlink("../real/CACHEDIR.TAG", dir+"/sym/CACHEDIR.TAG"))
	tree, told := walk(t, Options{SkipMarked: true}, dir)
	same(t, "names", paths(tree, dir), []string{"fake/CACHEDIR.TAG", "pipe/f", "short/CACHEDIR.TAG", "sym/f"})
	same(t, "skips", told.reasons(dir), []string{"first: marked CACHEDIR.TAG", "large: marked CACHEDIR.TAG", "real: marked CACHEDIR.TAG"})
	if tree, _ = walk(t, Options{}, dir+"/real"); tree.Len() != 4 {
		t.Errorf("%d names without SkipMarked", tree.Len())
	}
}

// TestCacheDirAbove: the tag of a directory holds for PATHs below it, too.
func TestCacheDirAbove(t *testing.T) {
	dir := plant(t, "file c/a/b/f", "file c/g", "file other/h")
	must(t, os.WriteFile(dir+"/c/"+cacheTagName, []byte(cacheTagStart), 0o644))
	for _, roots := range [][]string{{"c"}, {"c/a/b"}, {"c/a/b/f"}, {"c/g"}, {"c/a/b", "c/a", "c/g"}} {
		for i := range roots {
			roots[i] = dir + "/" + roots[i]
		}
		tree, told := walk(t, Options{SkipMarked: true}, append(roots, dir+"/other")...)
		same(t, fmt.Sprint(roots), paths(tree, dir), []string{"other/h"})
		if len(told.list) != len(roots) || told.list[0].Reason != ReasonCacheDir || told.list[0].Err != nil {
			t.Errorf("skips %+v", told.list)
		}
	}
	if tree, _ := walk(t, Options{}, dir+"/c/a", dir+"/c/g"); tree.Len() != 2 {
		t.Errorf("%d names without SkipMarked", tree.Len())
	}
}

func TestIgnoreMarks(t *testing.T) {
	dir := plant(t, "file m/.nodedupe", "file m/a/f", "file m/g", "file c/h")
	must(t, os.WriteFile(dir+"/c/"+cacheTagName, []byte(cacheTagStart), 0o644))
	opts := Options{SkipMarked: true, IgnoreMarks: true}
	tree, told := walk(t, opts, dir)
	same(t, "names", paths(tree, dir), []string{"c/CACHEDIR.TAG", "c/h", "m/.nodedupe", "m/a/f", "m/g"})
	same(t, "skips", told.reasons(dir), nil)
	tree, _ = walk(t, opts, dir+"/m/a", dir+"/m/g", dir+"/c/h")
	same(t, "names", paths(tree, dir), []string{"c/h", "m/a/f", "m/g"})
}

// TestLargeDirectory: of a listing of many buffers, which several walkers deal with, all that is in
// it is met once, and the directories in it are entered.
func TestLargeDirectory(t *testing.T) {
	dir := plant(t, "file large/sub/a", "dir large/empty", "file large/m/.nodedupe", "file large/m/b", "sym x large/link")
	many(t, dir+"/large", 10_000)
	for i := range 20 {
		sub := fmt.Sprintf("%s/large/d%d", dir, i)
		must(t, os.Mkdir(sub, 0o755))
		must(t, os.Link(fmt.Sprintf("%s/large/%0100d", dir, i), sub+"/again"))
	}
	alone, told := walk(t, Options{Walkers: 1}, dir)
	pause := func(int64, int64) { time.Sleep(time.Millisecond) } // for others to find nothing else to do
	together, toldToo := walk(t, Options{OnFiles: pause}, dir)
	if together.Len() != 10_021 {
		t.Errorf("%d names", together.Len())
	}
	if !slices.Equal(paths(together, dir), paths(alone, dir)) {
		t.Error("many walkers met other names than one")
	}
	same(t, "skips", toldToo.reasons(dir), told.reasons(dir))
	if a, b := together.Whole(), alone.Whole(); a != b {
		t.Errorf("%+v by many walkers, %+v by one", a, b)
	}
	if helpers := walkersOf(t, Options{OnFiles: pause, Depth: 1}, dir+"/large"); helpers < 2 {
		t.Errorf("%d walker met all files", helpers)
	}
}

// TestBatches: a part of a directory that another walker deals with is what it would have been for the one
// that reads it: in its own place, and met once.
func TestBatches(t *testing.T) {
	dir := plant(t, "file other/deep/f")
	for i := range 20 {
		grow(t, dir, fmt.Sprintf("file large/d%d/f", i))
		for j := range 300 {
			must(t, os.WriteFile(fmt.Sprintf("%s/large/%0100d", dir, 300*i+j), nil, 0o644))
		}
	}
	f, err := NewFilter(nil, []string{"large/*[5-9]", dir + "/large/*4"})
	must(t, err)
	alone, _ := walk(t, Options{Walkers: 1, Filter: f}, dir)
	var s *scanner
	isHelping := false
	help := func(int64, int64) {
		if q := s.queue; !isHelping && len(q.tasks) > 0 {
			isHelping = true
			task, _ := q.pop()
			s.walkers[1].deal(task.batch)
			isHelping = false
		}
	}
	told := &skips{}
	s = newScanner([]Root{{Path: dir}}, Options{Walkers: 2, Filter: f, OnFiles: help, OnSkip: told.add})
	must(t, s.checkRoots(t.Context()))
	defer s.tree.Close()
	s.crossing = true
	s.queue.idle = 2 // as if they waited
	var visit func(*walker, task)
	visit = func(w *walker, t task) {
		w.kids = w.kids[:0]
		w.visit(t)
		for _, kid := range slices.Clone(w.kids) {
			if base, _ := s.tree.DirBase(kid.dir); string(base) == "other" {
				visit(s.walkers[1], kid)
			} else {
				visit(w, kid)
			}
		}
	}
	visit(s.walkers[0], s.start(otherRoots)[0])
	helped := s.walkers[1].count() - 1
	must(t, s.finish())
	checkTree(t, s.tree)
	same(t, "skips", told.reasons(dir), nil)
	if got := paths(s.tree, dir); !slices.Equal(got, paths(alone, dir)) || len(got) != 2400+8+1 || helped < 500 {
		t.Errorf("%d names, %d by the helper; alone %d", len(got), helped, alone.Len())
	}
}

// walkersOf is how many walkers have met files.
func walkersOf(t *testing.T, opts Options, dir string) (n int) {
	t.Helper()
	s := newScanner(listed(dir), opts)
	must(t, s.checkRoots(t.Context()))
	defer s.tree.Close()
	s.walk(otherRoots)
	for _, w := range s.walkers {
		if w.count() > 0 {
			n++
		}
	}
	return n
}

func TestMinAge(t *testing.T) {
	dir := plant(t, "file new", "file old", "file touched")
	past := time.Now().Add(-48 * time.Hour)
	must(t, os.Chtimes(dir+"/touched", past, past)) // its ctime is now
	tree, told := walk(t, Options{MinAge: 24 * time.Hour}, dir, dir+"/old")
	same(t, "names", paths(tree, dir), nil)
	same(t, "skips", told.reasons(dir), []string{"new: " + ReasonYoung, "old: " + ReasonYoung, "touched: " + ReasonYoung})
	time.Sleep(20 * time.Millisecond)
	must(t, os.WriteFile(dir+"/new", []byte("again"), 0o644))
	young := time.Now().Add(time.Hour)
	must(t, os.Chtimes(dir+"/touched", young, young)) // the future is young
	time.Sleep(20 * time.Millisecond)
	tree, _ = walk(t, Options{MinAge: 20 * time.Millisecond}, dir)
	same(t, "names", paths(tree, dir), []string{"new", "old"})
}

// TestVanishing: entries that go away between listing and look are told without
// an error; the walk itself is asked, since no timing makes it sure.
func TestVanishing(t *testing.T) {
	dir := plant(t, "dir sub", "file f")
	told := &skips{}
	s := newScanner([]Root{{Path: dir}}, Options{OnSkip: told.add})
	must(t, s.checkRoots(context.Background()))
	defer s.tree.Close()
	w := s.walkers[0]
	w.visit(s.start(false)[0])
	kid := w.kids[0]
	must(t, os.Remove(dir+"/sub"))
	w.visit(kid)
	w.at.fd = s.tree.anchors.list[0].fd
	w.file(entry{name: []byte("gone\x00")[:4], kind: kindRegular})
	must(t, os.Mkdir(dir+"/now", 0o755))
	w.file(entry{name: []byte("now\x00")[:3], kind: kindRegular})
	if w.count() != 1 {
		t.Errorf("%d files, one of them has become a directory", w.count())
	}
	same(t, "skips", told.reasons(dir), []string{"gone: " + ReasonVanished, "sub: " + ReasonVanished})
	for _, skip := range told.list {
		if skip.Err != nil {
			t.Error(skip.Err)
		}
	}
}

// TestUnsureLinks: where one link may be told of more, each file is looked for under other
// names, and one that has none counts as any other.
func TestUnsureLinks(t *testing.T) {
	dir := plant(t, "file f 10", "file g 20")
	s := newScanner([]Root{{Path: dir}}, Options{})
	must(t, s.checkRoots(t.Context()))
	defer s.tree.Close()
	for key, info := range s.domains.byKey {
		info.unsure = true
		s.domains.byKey[key] = info
	}
	s.walk(false)
	met := 0
	for _, w := range s.walkers {
		met += w.shared
	}
	must(t, s.finish())
	if whole := s.tree.Whole(); met != 2 || whole.Inodes != 2 || whole.Apparent != 30 || len(s.tree.shared) != 0 {
		t.Errorf("%d may have other names, %+v, %d have", met, whole, len(s.tree.shared))
	}
}

// TestBecomesLink: a directory that turns into a link is not followed.
func TestBecomesLink(t *testing.T) {
	dir := plant(t, "dir top/sub", "file outside/f")
	told := &skips{}
	s := newScanner([]Root{{Path: dir + "/top"}}, Options{OnSkip: told.add})
	must(t, s.checkRoots(context.Background()))
	defer s.tree.Close()
	w := s.walkers[0]
	w.visit(s.start(false)[0])
	must(t, os.Remove(dir+"/top/sub"))
	must(t, os.Symlink("../outside", dir+"/top/sub"))
	w.visit(w.kids[0])
	if w.count() != 0 || len(told.list) != 1 || told.list[0].Reason != ReasonVanished {
		t.Errorf("%d files, skips %+v", w.count(), told.list)
	}
}

// TestHalt: a walk that is to end reads no other directory, nor this one to its end, and lets go of those
// that wait.
func TestHalt(t *testing.T) {
	dir := t.TempDir()
	for i := range 2 {
		manyLinks(t, fmt.Sprintf("%s/%d", dir, i), 1200) // more than is listed at once
	}
	before, dirs := openFiles(t), 0
	var s *scanner
	s = newScanner([]Root{{Path: dir}}, Options{Walkers: 1, OnDir: func() { dirs++ }, OnFiles: func(int64, int64) { s.halt() }})
	tree, err := s.scan(t.Context())
	must(t, err)
	if dirs != 2 || tree.Len() == 0 || tree.Len() >= 1200 {
		t.Errorf("%d directories, %d names", dirs, tree.Len())
	}
	tree.Close()
	if after := openFiles(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// TestVisited: a directory is claimed once.
func TestVisited(t *testing.T) {
	var v visitedSet
	for _, turn := range []int{1, 2} {
		for i := range 1000 {
			if first, isNew := v.claim(ID{1, uint64(i)}, Dir(turn*i)); isNew != (turn == 1) || first != Dir(i) {
				t.Fatalf("%d: %d, new %v", i, first, isNew)
			}
		}
	}
}

// asUser reports whether the test runs without root's rights. As root it has
// the same test run by nobody, in a copy of this program, beside a cache directory and a link of root.
func asUser(t *testing.T) bool {
	t.Helper()
	if os.Getuid() != 0 {
		return true
	}
	dir, err := os.MkdirTemp("", "user")
	must(t, err)
	defer os.RemoveAll(dir)
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Skip("no /proc to copy this program from: run the test as a user")
	}
	must(t, os.WriteFile(dir+"/test", program, 0o755))
	must(t, os.Mkdir(dir+"/cache", 0o755))
	must(t, os.WriteFile(dir+"/cache/"+cacheTagName, []byte(cacheTagStart), 0o644))
	must(t, os.Symlink("tmp", dir+"/own"))
	must(t, os.Mkdir(dir+"/tmp", 0o755))
	must(t, os.Chown(dir+"/tmp", 65534, 65534))
	must(t, os.Chmod(dir, 0o755))
	cmd := exec.Command(dir+"/test", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Dir, cmd.Env = "/", []string{"TMPDIR=" + dir + "/tmp"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: "+t.Name())) {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
	return false
}

func TestUnreadable(t *testing.T) {
	if quietFlag == 0 {
		t.Skip("a directory that may not be listed cannot be opened on this system")
	}
	if !asUser(t) {
		return
	}
	dir := plant(t, "file a", "file no/f", "file list/f", "file enter/f")
	tagged := plant(t, "file "+cacheTagName)
	must(t, os.WriteFile(tagged+"/"+cacheTagName, []byte(cacheTagStart), 0))
	must(t, os.Chmod(tagged+"/"+cacheTagName, 0))
	if tree, told := walk(t, Options{SkipMarked: true}, tagged); tree.Len() != 1 {
		t.Errorf("a tag that cannot be read is taken for a real one: %v", told.list)
	}
	must(t, os.Chmod(dir+"/no", 0))
	must(t, os.Chmod(dir+"/list", 0o444))
	must(t, os.Chmod(dir+"/enter", 0o111))
	t.Cleanup(func() {
		for _, d := range []string{"no", "list", "enter"} {
			os.Chmod(dir+"/"+d, 0o755)
		}
	})
	for _, root := range []string{"/no", "/enter"} {
		if tree, told := walk(t, Options{}, dir+root); tree.Len() != 0 || len(told.list) != 1 || told.list[0].Err == nil {
			t.Errorf("%s: %d names, %+v", root, tree.Len(), told.list)
		}
	}
	tree, told := walk(t, Options{}, dir, dir+"/enter/f", dir+"/no", dir+"/enter") // PATHs are told once
	same(t, "names", paths(tree, dir), []string{"a", "enter/f"})
	same(t, "skips", told.reasons(dir), []string{"enter: " + ReasonUnreadableDir, "list/f: " + ReasonUnreadable, "no: " + ReasonUnreadableDir})
	for _, skip := range told.list {
		err, ok := errors.AsType[*fs.PathError](skip.Err)
		if !ok || err.Path != skip.Path || !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: %v", skip.Path, skip.Err)
		}
	}
	fd, err := tree.OpenDir(tree.Dir(nameOf(t, tree, dir+"/enter/f")))
	must(t, err)
	defer unix.Close(fd)
	for name, want := range map[string]error{"f": nil, "none": unix.ENOENT} {
		if err := May(fd, name, unix.R_OK); err != want {
			t.Errorf("%s: may read: %v, want %v", name, err, want)
		}
	}
	t.Chdir(dir)
	for path, want := range map[string]error{".": nil, "enter": nil, "none": unix.ENOENT, "a": unix.ENOTDIR} {
		fd, err := beneath.OpenDir(unix.AT_FDCWD, path)
		if err != want {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
		unix.Close(fd)
	}
}

// TestDeep: far more levels than PATH_MAX allows, walked, printed and opened.
func TestDeep(t *testing.T) {
	const levels = 4000
	dir := deepTree(t, levels, "level")
	start := time.Now()
	tree, told := walk(t, Options{}, dir)
	t.Logf("%d levels in %v", levels, time.Since(start))
	if tree.Len() != 2 || tree.Whole().Directories != int64(levels)+1 || len(told.list) != 0 {
		t.Fatalf("%+v, skips %d", tree.Whole(), len(told.list))
	}
	path := tree.Path(nameOfBase(t, tree, "file"))
	if want := dir + strings.Repeat("/level", levels) + "/file"; path != want {
		t.Errorf("path of %d bytes, want %d", len(path), len(want))
	}
	o := tree.NewOpener()
	defer o.Close()
	for i := range tree.Len() {
		fd, err := o.Open(Name(i))
		must(t, err)
		unix.Close(fd)
		fd, err = tree.OpenDir(tree.Dir(Name(i)))
		must(t, err)
		unix.Close(fd)
	}
	given, _ := walk(t, Options{}, path, dir+strings.Repeat("/level", levels), dir+strings.Repeat("/level", levels)+"/")
	same(t, "given", []string{given.Path(0), fmt.Sprint(given.Len())}, []string{path, "2"})
}

func nameOfBase(t *testing.T, tree *Tree, base string) Name {
	t.Helper()
	for i := range tree.Len() {
		if string(tree.Base(Name(i))) == base {
			return Name(i)
		}
	}
	t.Fatalf("no %q", base)
	return 0
}

// deepTree makes a chain of directories with two linked files at its end.
func deepTree(t *testing.T, levels int, name string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "deep")
	must(t, err)
	t.Cleanup(func() { removeDeep(dir, name) })
	at, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	must(t, err)
	for range levels {
		must(t, unix.Mkdirat(at, name, 0o755))
		next, err := unix.Openat(at, name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
		must(t, err)
		unix.Close(at)
		at = next
	}
	defer unix.Close(at)
	fd, err := unix.Openat(at, "file", unix.O_CREAT|unix.O_WRONLY, 0o644)
	must(t, err)
	unix.Close(fd)
	must(t, unix.Linkat(at, "file", at, "twin", 0))
	return dir
}

// removeDeep removes a chain without recursion: the second level is moved up
// until none is left.
func removeDeep(dir, name string) {
	first, spare := filepath.Join(dir, name), filepath.Join(dir, "spare")
	for os.Rename(filepath.Join(first, name), spare) == nil {
		os.Remove(first)
		os.Rename(spare, first)
	}
	os.RemoveAll(dir)
}

// TestComb: many levels that each keep a directory waiting, more than handles.
func TestComb(t *testing.T) {
	dir := t.TempDir()
	path := dir
	for range maxHandles + 50 {
		for _, side := range []string{"a", "b", "c"} {
			must(t, os.MkdirAll(path+"/"+side, 0o755))
			must(t, os.WriteFile(path+"/"+side+"/f", nil, 0o644))
		}
		path += "/b"
	}
	before := openFiles(t)
	for _, walkers := range []int{1, 16} {
		tree, told := walk(t, Options{Walkers: walkers}, dir)
		if tree.Len() != 3*(maxHandles+50) || len(told.list) != 0 {
			t.Errorf("%d names, %d skips", tree.Len(), len(told.list))
		}
	}
	if after := openFiles(t); after > before+2 {
		t.Errorf("%d descriptors leaked", after-before)
	}
}

// TestBusyTree: a tree that changes all the time yields no wrong answer and no
// error, and every name is one that existed.
func TestBusyTree(t *testing.T) {
	dir := plant(t, "file stay/a", "file stay/b")
	stop := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			sub := fmt.Sprintf("%s/come%d", dir, i%5)
			os.MkdirAll(sub+"/x/y", 0o755)
			os.WriteFile(sub+"/x/y/f", nil, 0o644)
			os.Rename(sub+"/x", fmt.Sprintf("%s/moved%d", dir, i%3))
			os.RemoveAll(sub)
			os.RemoveAll(fmt.Sprintf("%s/moved%d", dir, i%3))
		}
	})
	for range 300 {
		tree, told := walk(t, Options{}, dir)
		if got := paths(tree, dir); !bytes.Contains([]byte(strings.Join(got, " ")), []byte("stay/a stay/b")) {
			t.Fatalf("names %q", got)
		}
		for _, skip := range told.list {
			if skip.Err != nil {
				t.Errorf("%+v", skip)
			}
		}
	}
	close(stop)
	group.Wait()
}

func TestLimits(t *testing.T) {
	w := newWalker(&scanner{tree: &Tree{}})
	full := make([]*arena, maxArenas)
	w.tree.names.view.Store(&full)
	if _, err := w.addName([]byte("x")); err != errManyNames {
		t.Errorf("names: %v", err)
	}
	dirs := make([]*dirChunk, maxDirs)
	w.tree.dirs.view.Store(&dirs)
	if _, err := w.addDir(dirRecord{}); err != errManyDirs {
		t.Errorf("directories: %v", err)
	}
	d := domains{list: make([]Filesystem, maxDomains)}
	if _, err := d.lookup(domainKey{1, 1}, -1); err != errManyDomains {
		t.Errorf("domains: %v", err)
	}
}

// TestFull: a walk that finds no room for what it meets ends with an error.
func TestFull(t *testing.T) {
	for _, c := range []struct {
		line        string
		names, dirs int // how many tables there are already
		want        error
	}{
		{"file f", maxArenas, 1, errManyNames}, {"dir d", maxArenas, 1, errManyNames}, {"dir d", 0, maxDirs, errManyDirs}, {"file f", 0, 1, nil},
	} {
		s := newScanner([]Root{{Path: plant(t, c.line)}}, Options{Walkers: 1})
		must(t, s.checkRoots(t.Context()))
		defer s.tree.Close()
		names, dirs := make([]*arena, c.names), make([]*dirChunk, c.dirs)
		dirs[0] = s.tree.dirs.at(0)
		s.tree.names.view.Store(&names)
		s.tree.dirs.view.Store(&dirs)
		w := s.walkers[0]
		w.dirsUsed = dirLen
		s.walk(otherRoots)
		if err := s.failure(); err != c.want {
			t.Errorf("%s: %v, want %v", c.line, err, c.want)
		}
		if c.names > 0 {
			again, before := newScanner(s.tree.roots, Options{}), openFiles(t)
			again.tree.names.view.Store(&names)
			if tree, err := again.scan(t.Context()); tree != nil || err != c.want || openFiles(t) != before {
				t.Errorf("%s: %v, want %v; %d descriptors before, %d after", c.line, err, c.want, before, openFiles(t))
			}
		}
		if _, ok := w.standIn([]byte("f"), &Stat{}); ok != (c.dirs < maxDirs) || !ok && s.failure() != errManyDirs {
			t.Errorf("%s: a stand-in %v, %v", c.line, ok, s.failure())
		}
		if w.chunks = make([]*chunk, 1<<32>>chunkBits+1); math.MaxInt > math.MaxUint32 {
			if err := s.finish(); err != errManyNames {
				t.Errorf("%d names: %v", w.count(), err)
			}
		}
	}
}

// TestManyFilesystems: so does one that meets more filesystems than can be told apart.
func TestManyFilesystems(t *testing.T) {
	s := newScanner([]Root{{Path: plant(t, "file f")}}, Options{})
	must(t, s.checkRoots(t.Context()))
	defer s.tree.Close()
	s.domains.list, s.domains.byKey = make([]Filesystem, maxDomains), nil
	s.walk(otherRoots)
	if err := s.failure(); err != errManyDomains {
		t.Error(err)
	}
}
