package scan

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// rootError scans what must be refused.
func rootError(t *testing.T, roots ...string) error {
	t.Helper()
	var list []Root
	for _, root := range roots {
		list = append(list, Root{Path: root})
	}
	walked, before := false, openFiles(t)
	tree, err := Scan(context.Background(), list, Options{OnFiles: func(int64, int64) { walked = true }})
	if err == nil || tree != nil {
		t.Fatalf("tree %v, error %v", tree, err)
	}
	if after := openFiles(t); walked || after != before {
		t.Errorf("%v that something was walked; %d descriptors before, %d after", walked, before, after)
	}
	return err
}

func TestRootErrors(t *testing.T) {
	dir := plant(t, "file d/f", "sym d dlink", "sym d/f flink", "sym nowhere dangling", "fifo pipe")
	must(t, os.Symlink(dir+"/d/f", dir+"/abslink"))
	for path, want := range map[string]struct {
		err  error
		hint string
	}{
		"none":       {fs.ErrNotExist, ""},
		"none/x":     {fs.ErrNotExist, ""},
		"d/f/x":      {unix.ENOTDIR, ""},
		"d/f/":       {unix.ENOTDIR, ""},
		"dlink":      {errRootSymlink, dir + "/d, or " + dir + "/dlink/$"},
		"flink":      {errRootSymlink, "give the target, " + dir + "/d/f$"},
		"abslink":    {errRootSymlink, "give the target, " + dir + "/d/f$"},
		"dangling":   {errRootSymlink, "cannot be reached"},
		"dangling/":  {fs.ErrNotExist, ""},
		"pipe":       {errRootSpecial, "directory or a regular file"},
		"d/../none":  {fs.ErrNotExist, ""},
		"d/f/../d/f": {unix.ENOTDIR, ""},
	} {
		given := dir + "/" + path
		err := rootError(t, dir, given)
		root, ok := errors.AsType[*RootError](err)
		if !ok || root.Path != given || !errors.Is(err, want.err) || !strings.Contains(root.Hint+"$", want.hint) {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, given := range []string{strings.Repeat("n", 1100) + "/x", "/" + strings.Repeat("n", 1100) + "/x"} {
		if err := rootError(t, given); !errors.Is(err, unix.ENAMETOOLONG) {
			t.Errorf("a long name: %v", err)
		}
	}
	if err := rootError(t, "/none/"+strings.Repeat("a/", 1000)+"x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a long way: %v", err)
	}
	if err := rootError(t, ""); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), `scan "": `) || !strings.Contains(err.Error(), "must not be empty") {
		t.Errorf("empty PATH: %v", err)
	}
}

func TestRootErrorsJoin(t *testing.T) {
	dir := plant(t, "file f", "fifo pipe")
	err := rootError(t, dir, dir+"/none", dir+"/pipe")
	if !errors.Is(err, fs.ErrNotExist) || !errors.Is(err, errRootSpecial) {
		t.Errorf("not all told: %v", err)
	}
}

func TestTrailingSlashFollows(t *testing.T) {
	dir := plant(t, "file d/f", "sym d link")
	tree, _ := walk(t, Options{}, dir+"/link/")
	same(t, "names", paths(tree, dir), []string{"link/f"})
	tree, _ = walk(t, Options{}, dir+"/link/.")
	same(t, "names", paths(tree, dir), []string{"link/f"})
}

func TestRelativeRoots(t *testing.T) {
	dir := plant(t, "file sub/a/f", "file sub/-x/f", "sym sub/a link")
	t.Chdir(dir + "/sub")
	for root, want := range map[string]string{
		".": "./-x/f ./a/f", "a": "a/f", "./a/": "a/f", "a//.": "a/f", "../sub/a": "../sub/a/f", "a/..": "a/../-x/f a/../a/f",
		"./-x": "./-x/f", "../link/../a": "../link/../a/f", "a/f": "a/f", "./a//f": "a/f", "./-x/f": "./-x/f",
	} {
		tree, _ := walk(t, Options{}, root)
		var got []string
		for i := range tree.Len() {
			got = append(got, tree.Path(Name(i)))
		}
		slices.Sort(got)
		same(t, root, got, strings.Fields(want))
	}
}

// TestRemovedRoot: a shell that stands in a directory which is gone asks about nothing. That is
// a fault, other than a directory that goes while its tree is walked.
func TestRemovedRoot(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.MkdirAll("gone/deep", 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir("gone/deep")
	if err := os.RemoveAll("../../gone"); err != nil {
		t.Skip("this system keeps the working directory: ", err)
	}
	for _, given := range []string{"a", "../a"} {
		if got, err := Absolute(given); err == nil {
			t.Errorf("%s became %s", given, got)
		}
	}
	var skips []Skip
	tree, err := Scan(t.Context(), []Root{{Path: "."}}, Options{OnSkip: func(s Skip) { skips = append(skips, s) }})
	if err != nil {
		return
	}
	tree.Close()
	if len(skips) != 1 || !errors.Is(skips[0].Err, fs.ErrNotExist) {
		t.Errorf("skips %+v, want one for a fault", skips)
	}
}

func TestCleanPath(t *testing.T) {
	for given, want := range map[string]string{
		"/": "/", "//": "/", "/a//b/": "/a/b", "./a": "a", "a/./b": "a/b", ".": ".", "./": ".", "..": "..", "../": "..",
		"a/../b": "a/../b", "/..": "/..", "./../a/": "../a", "./-x": "./-x", "-x": "./-x", "a..b": "a..b", "./-x/../y": "./-x/../y",
	} {
		if got := CleanPath(given); got != want {
			t.Errorf("%q became %q, want %q", given, got, want)
		}
	}
}

// TestAbsoluteLeadsUp: a path that begins with ".." is good when the working directory is gone,
// also if $PWD came there by a link, and so is one that goes through a directory and back.
func TestAbsoluteLeadsUp(t *testing.T) {
	dir := plant(t, "dir a/b", "file m/f", "sym a/b link")
	t.Chdir(dir + "/link")
	for given, want := range map[string]string{
		dir + "//m/": "/m", "..": "/a", "../": "/a", "./../../m/": "/m", "../../m/../a": "/a", "..m": "/link/..m", "m/..": "/link",
		dir + "/link/../b/../b": "/link/../b",
	} {
		if got, err := Absolute(given); got != dir+want || err != nil {
			t.Errorf("%q became %q (%v), want %q", given, got, err, dir+want)
		}
	}
	g := givenRoots{cwd: dir}
	for given, want := range map[string]string{"/": "", "/a": "/a", "a/b": dir + "/a/b", ".": dir} {
		if got := g.absolute(given); got != want {
			t.Errorf("%q is %q to a glob, want %q", given, got, want)
		}
	}
	without, err := NewFilter(nil, []string{dir + "/m/f"})
	must(t, err)
	tree, _ := walk(t, Options{Filter: without}, "../../m")
	same(t, "names", paths(tree, dir), nil)
}

// TestOverlaps: each name once, and to the innermost root.
func TestOverlaps(t *testing.T) {
	dir := plant(t, "file a", "file in/b", "file in/deep/c", "file in/deep/d", "file other/e")
	d := func(s string) string { return dir + "/" + s }
	for _, roots := range [][]string{
		{dir, d("in"), d("in/deep/c"), dir + "/", d("in/"), d("in/deep/c")},
		{d("in/deep/c"), d("in"), dir, d("in"), d("in/deep/c"), dir},
	} {
		tree, told := walk(t, Options{}, roots...)
		same(t, "names", paths(tree, dir), []string{"a", "in/b", "in/deep/c", "in/deep/d", "other/e"})
		same(t, "skips", told.reasons(dir), nil)
		for path, want := range map[string]string{"a": dir, "in/b": d("in"), "in/deep/c": d("in/deep/c"), "in/deep/d": d("in"), "other/e": dir} {
			n := nameOf(t, tree, d(path))
			if got := tree.Root(n); got != slices.Index(roots, want) {
				t.Errorf("%s belongs to root %d (%s)", path, got, roots[got])
			}
		}
		if c, e := nameOf(t, tree, d("in/deep/c")), nameOf(t, tree, d("in/deep/d")); tree.Dir(c) != tree.Dir(e) {
			t.Error("two names in one directory have different ones")
		}
		if got := tree.Whole().Directories; got != 4 {
			t.Errorf("%d directories", got)
		}
	}
}

// TestOverlapsByLink: the same file PATH spelled through another directory path.
func TestOverlapsByLink(t *testing.T) {
	dir := plant(t, "file d/f", "file d/g", "sym d link")
	tree, _ := walk(t, Options{}, dir+"/link/f", dir+"/d/f", dir+"/d/g", dir+"/link/g")
	same(t, "names", paths(tree, dir), []string{"d/g", "link/f"})
	if tree.Dir(0) != tree.Dir(1) {
		t.Error("one directory, two Dirs")
	}
}

func TestProtected(t *testing.T) {
	dir := plant(t, "file ref/in/f", "file ref/g", "file ref/k", "file ref/x/h", "file plain/f", "file ref2/f")
	d := func(s string) string { return dir + "/" + s }
	roots := []string{d("plain/f"), dir, "!" + d("ref"), d("ref/g"), d("ref/in"), d("plain"), "!" + d("ref2/f")}
	tree, _ := walk(t, Options{}, roots...)
	for path, want := range map[string]bool{"ref/in/f": true, "ref/g": true, "ref/x/h": true, "plain/f": false, "ref2/f": true} {
		if got := tree.Protected(nameOf(t, tree, d(path))); got != want {
			t.Errorf("%s: protected %v", path, got)
		}
	}
	if got := tree.Root(nameOf(t, tree, d("ref/in/f"))); got != 4 {
		t.Errorf("root %d", got)
	}
}

// TestProtectedTwice: whoever protects a directory once has protected it.
func TestProtectedTwice(t *testing.T) {
	dir := plant(t, "file d/f", "file e", "file g/f", "file h")
	tree, _ := walk(t, Options{}, dir+"/d", "!"+dir+"/d/", dir+"/e", "!"+dir+"/e", "!"+dir+"/g", dir+"/g", "!"+dir+"/h", dir+"/h")
	for i := range tree.Len() {
		if !tree.Protected(Name(i)) {
			t.Errorf("%s is not protected", tree.Path(Name(i)))
		}
	}
}

// TestProtectedOutOfReach: the real path counts, not whether the walk gets there.
func TestProtectedOutOfReach(t *testing.T) {
	dir := plant(t, "file ref/a/b/f", "sym ref/a link")
	tree, _ := walk(t, Options{Depth: 1}, "!"+dir+"/ref", dir+"/link/b", dir+"/link/b/f")
	if tree.Len() != 1 || !tree.Protected(0) {
		t.Errorf("%d names, protected %v", tree.Len(), tree.Protected(0))
	}
	tree, _ = walk(t, Options{Depth: 1}, "!"+dir+"/ref", dir+"/link/b")
	if tree.Len() != 1 || !tree.Protected(0) {
		t.Errorf("a directory: %d names, protected %v", tree.Len(), tree.Protected(0))
	}
	if isBelow(map[string]bool{dir: true}, "") {
		t.Error("what is not known lies beneath")
	}
}

// TestProtectedFileOutOfReach: so it is of a file alone; and one that is protected itself
// stays so, though it lies beneath no other.
func TestProtectedFileOutOfReach(t *testing.T) {
	dir := plant(t, "file ref/a/b/f", "sym ref/a link", "file own/g", "file h")
	tree, _ := walk(t, Options{Depth: 1}, "!"+dir+"/ref", dir+"/link/b/f", "!"+dir+"/own/g", dir+"/h")
	for path, want := range map[string]bool{"link/b/f": true, "own/g": true, "h": false} {
		if got := tree.Protected(nameOf(t, tree, dir+"/"+path)); got != want {
			t.Errorf("%s: protected %v", path, got)
		}
	}
}

// TestManyRoots: hundreds of directories, and thousands of files, with few
// descriptors.
func TestManyRoots(t *testing.T) {
	dir := t.TempDir()
	var roots []string
	for i := range 300 {
		sub := fmt.Sprintf("%s/d%03d", dir, i)
		grow(t, sub, "file f", "file deep/er/g")
		if i%2 == 0 {
			roots = append(roots, sub+"/f", sub+"/deep/er/g")
		} else {
			roots = append(roots, sub)
		}
	}
	before := openFiles(t)
	tree, _ := walk(t, Options{}, roots...)
	if kept := openFiles(t) - before; kept > 3 {
		t.Errorf("%d descriptors kept", kept)
	}
	if tree.Len() != 300*2 {
		t.Errorf("%d names", tree.Len())
	}
	o := tree.NewOpener()
	defer o.Close()
	for i := range tree.Len() {
		fd, err := o.Open(Name(i))
		must(t, err)
		unix.Close(fd)
	}
	moved := tree.Path(0)
	top := dir + moved[len(dir):len(dir)+5]
	must(t, os.Rename(top, top+"away"))
	must(t, os.MkdirAll(filepath.Dir(moved), 0o755))
	must(t, os.WriteFile(moved, []byte("x"), 0o644))
	o.Close()
	for _, want := range []string{"is not the directory it was", "no such file"} {
		before := openFiles(t)
		if _, err := o.Open(0); err == nil || !strings.Contains(err.Error(), want) || openFiles(t) != before {
			t.Errorf("opened beneath a directory that is not the root any more: %v, want %q; %d descriptors before, %d after", err, want, before, openFiles(t))
		}
		must(t, os.RemoveAll(top))
	}
}

func openFiles(t testing.TB) int {
	t.Helper()
	if f, err := os.Open(os.DevNull); err == nil { // with the first one Go opens some of its own
		f.Close()
	}
	list, err := os.ReadDir("/dev/fd")
	must(t, err)
	return len(list)
}

// TestFewRootsKeepDescriptors: who swaps the parents of a root gains nothing.
func TestFewRootsKeepDescriptors(t *testing.T) {
	dir := plant(t, "file top/root/f 5")
	tree, _ := walk(t, Options{}, dir+"/top/root")
	must(t, os.Rename(dir+"/top", dir+"/away"))
	grow(t, dir, "file top/root/f 6")
	fd, err := tree.NewOpener().Open(0)
	must(t, err)
	defer unix.Close(fd)
	if st, err := FStat(fd); err != nil || st.Size != 5 {
		t.Errorf("size %d, %v", st.Size, err)
	}
}

func TestClose(t *testing.T) {
	dir := plant(t, "file f", "file sub/g")
	before := openFiles(t)
	tree, err := Scan(context.Background(), []Root{{Path: dir}, {Path: dir + "/f"}, {Path: dir + "/sub/"}}, Options{})
	must(t, err)
	tree.Close()
	if after := openFiles(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
	if _, err := tree.NewOpener().Open(0); !errors.Is(err, os.ErrClosed) {
		t.Errorf("opened after Close: %v", err)
	}
}

// TestGivenFiles obey size and filter like any other.
func TestGivenFiles(t *testing.T) {
	dir := plant(t, "file a.txt 5", "file b.tmp 5", "file c.txt 1")
	f, err := NewFilter(nil, []string{"*.tmp"})
	must(t, err)
	tree, _ := walk(t, Options{Filter: f, MinSize: 2}, dir+"/a.txt", dir+"/b.tmp", dir+"/c.txt")
	same(t, "names", paths(tree, dir), []string{"a.txt"})
}

// TestResolvedPath: the way without /proc gives the same.
func TestResolvedPath(t *testing.T) {
	dir := plant(t, "file d/e/f", "sym d link")
	fd, err := openFollowing(dir + "/link/e")
	must(t, err)
	defer unix.Close(fd)
	t.Chdir(dir)
	want, err := filepath.EvalSymlinks(dir + "/d/e")
	must(t, err)
	if got, real := resolvedPath("link/e"), realPath(fd, "link/e"); got != want || real != want {
		t.Errorf("%q and %q, want %q", got, real, want)
	}
	must(t, os.Rename("d", "moved"))
	if got, want := realPath(fd, "link/e"), strings.TrimSuffix(want, "d/e")+"moved/e"; quietFlag != 0 && got != want {
		t.Errorf("%q is what was opened, want %q", got, want)
	}
	if got := resolvedPath("none"); got != "" {
		t.Errorf("%q", got)
	}
}

// TestListedLeftOut: what a list names and cannot be used is told, and takes nothing from what
// comes after it, nor does another way to the same directory.
func TestListedLeftOut(t *testing.T) {
	long := strings.Repeat("n", 300)
	dir := plant(t, "file d/a", "file d/b", "file d/c", "fifo d/pipe", "sym a d/link", "sym d l", "sym loop loop", "file e/deep/f")
	var roots []Root
	for _, way := range [][2]string{ // a PATH, and what led to it
		{"d/a"}, {"none/x"}, {"loop/x"}, {"d/b"}, {"d/" + long, dir}, {"d/pipe"}, {"d/link"}, {"e"}, {"l/a"}, {"l/c", dir},
		{"l/b", dir + "/l"}, {"gone/x", dir + "/gone"}, {"gone/er/y", dir + "/gone/er"}, {"d/c"},
	} {
		roots = append(roots, Root{Path: filepath.Join(dir, way[0]), Top: way[1], Listed: true})
	}
	tree, told := walkRoots(t, Options{}, roots)
	same(t, "names", paths(tree, dir), []string{"d/a", "d/b", "d/c", "e/deep/f"})
	same(t, "skips", told.reasons(dir), []string{
		"d/link: " + ReasonRootSymlink, "d/" + long + ": " + ReasonUnreadable, "d/pipe: " + ReasonRootSpecial,
		"gone/er/y: " + ReasonVanished, "gone/x: " + ReasonVanished, "l/b: " + ReasonBehindLink, "l/c: " + ReasonBehindLink, "loop/x: " + ReasonUnreadable, "none/x: " + ReasonUnreadable,
	})
	for _, skip := range told.list {
		if (skip.Err != nil) != (skip.Reason == ReasonUnreadable) {
			t.Errorf("%+v", skip)
		}
	}
}

// TestTops: what all names lie beneath, each once.
func TestTops(t *testing.T) {
	dir := plant(t, "file d/f", "file e/g", "file e/h", "file real/t/i", "file real/j", "sym real s")
	var roots []Root
	for _, path := range []string{"d", "d/", "e/g", "e/h", "d/f"} {
		roots = append(roots, Root{Path: dir + "/" + path})
	}
	for _, path := range []string{"s/t", "s/j"} {
		roots = append(roots, Root{Path: dir + "/" + path, Top: dir + "/s/", Listed: true})
	}
	tree, _ := walkRoots(t, Options{}, roots)
	same(t, "names", paths(tree, dir), []string{"d/f", "e/g", "e/h", "s/j", "s/t/i"})
	same(t, "tops", tree.Tops(), []string{dir + "/d", dir + "/e", dir + "/s"})
}

// TestListedGone: a PATH that an earlier scan has met may be gone by now, as in a walk; one that
// the user listed is missed.
func TestListedGone(t *testing.T) {
	dir := plant(t, "file a", "file d/a", "file b", "sym d l")
	scanOf := func(top string) (told []Skip) {
		var roots []Root
		for _, name := range []string{"a", "gone", "b/below", "l/a"} {
			roots = append(roots, Root{Path: filepath.Join(dir, name), Top: top, Listed: true})
		}
		tree, err := Scan(t.Context(), roots, Options{OnSkip: func(s Skip) { told = append(told, s) }})
		must(t, err)
		tree.Close()
		return told
	}
	before, listed := scanOf(dir), scanOf("")
	if len(before) != 3 || len(listed) != 2 { // by a list alone the link is the user's
		t.Fatalf("%+v and %+v", before, listed)
	}
	for i, want := range []string{ReasonVanished, ReasonVanished, ReasonBehindLink} {
		if s := before[i]; s.Reason != want || s.Err != nil {
			t.Errorf("%+v, want %q", s, want)
		}
	}
	for _, s := range listed {
		if s.Reason != ReasonUnreadable || s.Err == nil {
			t.Errorf("without a scan before: %+v", s)
		}
	}
}
