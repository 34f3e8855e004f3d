package scan

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// plant makes a tree below a new directory and returns it. A line is one of
//
//	file PATH [BYTES]   dir PATH   link OLD NEW   sym TARGET PATH   fifo PATH
//
// Directories on the way are made as needed.
func plant(t testing.TB, lines ...string) string {
	t.Helper()
	dir := t.TempDir()
	grow(t, dir, lines...)
	return dir
}

// grow adds to a tree.
func grow(t testing.TB, dir string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		word := strings.Fields(line)
		last := filepath.Join(dir, word[min(len(word), 3)-1])
		if word[0] == "file" {
			last = filepath.Join(dir, word[1])
		}
		must(t, os.MkdirAll(filepath.Dir(last), 0o755))
		switch word[0] {
		case "file":
			size := 1
			if len(word) > 2 {
				fmt.Sscan(word[2], &size)
			}
			must(t, os.WriteFile(last, []byte(strings.Repeat("x", size)), 0o644))
		case "dir":
			must(t, os.MkdirAll(last, 0o755))
		case "link":
			must(t, os.Link(filepath.Join(dir, word[1]), last))
		case "sym":
			must(t, os.Symlink(word[1], last))
		case "fifo":
			must(t, unix.Mkfifo(last, 0o644))
		default:
			t.Fatalf("cannot plant %q", line)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// skips collects what a scan leaves out.
type skips struct {
	mu   sync.Mutex
	list []Skip
}

func (s *skips) add(skip Skip) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, skip)
}

// reasons returns "PATH: REASON" below dir, sorted.
func (s *skips) reasons(dir string) []string {
	var out []string
	for _, skip := range s.list {
		rel, err := filepath.Rel(dir, skip.Path)
		if err != nil {
			rel = skip.Path
		}
		out = append(out, rel+": "+skip.Reason)
	}
	slices.Sort(out)
	return out
}

func listed(paths ...string) (roots []Root) {
	for _, path := range paths {
		roots = append(roots, Root{Path: path, Listed: true})
	}
	return roots
}

// walk scans roots and fails the test on an error.
func walk(t testing.TB, opts Options, roots ...string) (*Tree, *skips) {
	t.Helper()
	var list []Root
	for _, root := range roots {
		path, protected := strings.CutPrefix(root, "!")
		list = append(list, Root{Path: path, Protected: protected})
	}
	return walkRoots(t, opts, list)
}

// walkRoots fails the test also if a descriptor is left open in the end.
func walkRoots(t testing.TB, opts Options, list []Root) (*Tree, *skips) {
	t.Helper()
	told, before := &skips{}, openFiles(t)
	opts.OnSkip = told.add
	tree, err := Scan(context.Background(), list, opts)
	must(t, err)
	t.Cleanup(func() {
		tree.Close()
		if after := openFiles(t); after > before {
			t.Errorf("%d descriptors before, %d after", before, after)
		}
	})
	checkTree(t, tree)
	return tree, told
}

// checkTree proves what must hold for every tree.
func checkTree(t testing.TB, tree *Tree) {
	t.Helper()
	seen := make(map[string]bool)
	for i := range tree.Len() {
		n := Name(i)
		path := tree.Path(n)
		if seen[path] {
			t.Errorf("%q comes twice", path)
		}
		seen[path] = true
		links := tree.Links(nil, n)
		if !slices.Contains(links, n) || tree.First(n) != (links[0] == n) {
			t.Errorf("%q is not right among its links", path)
		}
		dir := string(tree.AppendDirPath(nil, tree.Dir(n)))
		if base := string(tree.Base(n)); !strings.HasSuffix(path, base) || filepath.Base(dir) == "" {
			t.Errorf("%q: base %q, directory %q", path, base, dir)
		}
		for _, other := range []int{i + 1, i + 7, i * i, i * 31} {
			o := Name(other % tree.Len())
			if want := strings.Compare(path, tree.Path(o)); sign(tree.ComparePaths(n, o)) != want {
				t.Errorf("%q and %q: want %d", path, tree.Path(o), want)
			}
		}
	}
}

func sign(n int) int { return cmp.Compare(n, 0) }

// paths returns the names of a tree below dir, sorted.
func paths(tree *Tree, dir string) []string {
	var out []string
	for i := range tree.Len() {
		path := tree.Path(Name(i))
		if rel, err := filepath.Rel(dir, path); err == nil {
			path = rel
		}
		out = append(out, path)
	}
	slices.Sort(out)
	return out
}

// nameOf returns the name with that path.
func nameOf(t testing.TB, tree *Tree, path string) Name {
	t.Helper()
	for i := range tree.Len() {
		if tree.Path(Name(i)) == path {
			return Name(i)
		}
	}
	t.Fatalf("the tree does not hold %q", path)
	return 0
}

func same(t testing.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

// TestFilesystemsByKind: what the type of a mount alone tells, whatever number statfs(2) gives for it.
func TestFilesystemsByKind(t *testing.T) {
	for _, c := range []struct {
		mount                              mountInfo
		told                               Filesystem
		remote, inMemory, projects, inodes bool
	}{
		{mount: mountInfo{kind: "9p"}, remote: true},
		{mount: mountInfo{kind: "hostfs"}, remote: true},
		{mount: mountInfo{kind: "vboxsf"}, remote: true},
		{mount: mountInfo{kind: "nfs4"}, told: Filesystem{Remote: true}, remote: true},
		{mount: mountInfo{kind: "ext4"}, inodes: true},
		{mount: mountInfo{kind: "ext4", projects: true}, projects: true, inodes: true},
		{mount: mountInfo{kind: "xfs"}, projects: true, inodes: true},
		{mount: mountInfo{kind: "tmpfs"}, inMemory: true, inodes: true},
		{mount: mountInfo{kind: "ramfs"}, inMemory: true},
		{mount: mountInfo{kind: "overlay"}}, {mount: mountInfo{kind: "fuse.x"}}, {},
	} {
		d := domains{mounts: mountTable{byID: map[uint64]mountInfo{7: c.mount}}}
		info, err := d.add(domainKey{1, 7}, 0xEF53, 7, c.told)
		must(t, err)
		if fs := d.list[0]; fs.Remote != c.remote || fs.InMemory != c.inMemory || fs.Projects != c.projects || (info.linked != nil) != c.inodes {
			t.Errorf("%+v: %+v, inode numbers in listings %v", c.mount, fs, info.linked != nil)
		}
	}
}

func TestHardLinks(t *testing.T) {
	dir := plant(t, "file z/one 5000", "link z/one a/two", "link z/one a/three", "file single 10", "file pair 3", "link pair outside/pair", "file twin 7", "link twin twins/too")
	must(t, os.Rename(filepath.Join(dir, "outside"), filepath.Join(t.TempDir(), "outside")))
	tree, _ := walk(t, Options{}, dir)
	one := nameOf(t, tree, filepath.Join(dir, "z/one"))
	var links []string
	for _, n := range tree.Links(nil, one) {
		links = append(links, strings.TrimPrefix(tree.Path(n), dir))
	}
	same(t, "links", links, []string{"/a/three", "/a/two", "/z/one"})
	if pair := nameOf(t, tree, filepath.Join(dir, "pair")); !tree.First(pair) || len(tree.Links(nil, pair)) != 1 {
		t.Error("a link outside of the scan must not count")
	}
	var st unix.Stat_t
	must(t, unix.Stat(filepath.Join(dir, "z/one"), &st))
	if tree.Ino(one) != st.Ino || tree.ID(one).Dev != uint64(st.Dev) || tree.Size(one) != 5000 {
		t.Errorf("identity %v, size %d", tree.ID(one), tree.Size(one))
	}
	got := tree.Whole()
	if got.Names != 7 || got.Inodes != 4 || got.Directories != 4 || got.Apparent != 5020 || got.Allocated < st.Blocks*512 {
		t.Errorf("%+v", got)
	}
	if saved := tree.SavedByLinks(); saved != 2*st.Blocks*512+tree.Facts(nameOf(t, tree, filepath.Join(dir, "twin"))).Allocated {
		t.Errorf("links save %d bytes", saved)
	}
}

// TestManyNames needs several chunks, from several walkers, with links across.
func TestManyNames(t *testing.T) {
	dir := t.TempDir()
	const dirs, files = 20, 700
	for d := range dirs {
		sub := filepath.Join(dir, fmt.Sprint(d))
		must(t, os.Mkdir(sub, 0o755))
		for f := range files {
			name := filepath.Join(sub, fmt.Sprint(f))
			if d > 0 && f%7 == 0 {
				must(t, os.Link(filepath.Join(dir, "0", fmt.Sprint(f)), name))
				continue
			}
			must(t, os.WriteFile(name, nil, 0o644))
		}
	}
	tree, _ := walk(t, Options{}, dir)
	const linked = files / 7 * (dirs - 1)
	if got := tree.Whole(); got.Names != dirs*files || got.Inodes != dirs*files-linked || got.Directories != dirs+1 {
		t.Errorf("%+v", got)
	}
	if n := len(tree.Links(nil, nameOf(t, tree, filepath.Join(dir, "0/7")))); n != dirs {
		t.Errorf("%d links, want %d", n, dirs)
	}
}

func TestKindsAndSizes(t *testing.T) {
	dir := plant(t, "file small 1", "file mid 10", "file big 100", "file sub/empty 0", "fifo pipe", "sym mid link", "sym sub slink", "sym nowhere dangling")
	tree, told := walk(t, Options{}, dir)
	same(t, "all", paths(tree, dir), []string{"big", "mid", "small", "sub/empty"})
	tree, _ = walk(t, Options{MinSize: 2, MaxSize: 99}, dir)
	same(t, "by size", paths(tree, dir), []string{"mid"})
	same(t, "skips", told.reasons(dir), nil)
}

func TestDepth(t *testing.T) {
	dir := plant(t, "file 1", "file a/2", "file a/b/3", "file a/b/c/4")
	for depth, want := range [][]string{
		{"1", "a/2", "a/b/3", "a/b/c/4"}, {"1"}, {"1", "a/2"}, {"1", "a/2", "a/b/3"},
	} {
		tree, _ := walk(t, Options{Depth: depth}, dir)
		same(t, fmt.Sprint("depth ", depth), paths(tree, dir), want)
	}
}

func TestLeftovers(t *testing.T) {
	name := TemporaryPrefix + "0123abcd-0123456789abcdef"
	dir := plant(t, "file z/"+name+" 7", "sym x a/"+name, "file "+TemporaryPrefix+"mine", "dir b/"+name, "file b/"+name+"/inside")
	tree, _ := walk(t, Options{MinSize: 1}, dir)
	same(t, "names", paths(tree, dir), []string{TemporaryPrefix + "mine", "b/" + name + "/inside"})
	var left []string
	for _, l := range tree.Leftovers() {
		left = append(left, strings.TrimPrefix(string(tree.AppendDirPath(nil, l.Dir)), dir)+" "+fmt.Sprint(l.Stat.IsRegular()))
	}
	same(t, "leftovers", left, []string{"/a false", "/z true"})
	if l := tree.Leftovers()[1]; l.Base != name || l.Stat.Size != 7 || l.Stat.Mtime == 0 {
		t.Errorf("leftover %+v", l)
	}
}

// TestBeside: beside given files, and where no walk has been, nor a mark forbids it.
func TestBeside(t *testing.T) {
	name := TemporaryPrefix + "0123abcd-0123456789abcdef"
	dir := plant(t, "file a/f", "file a/"+name, "file b/f", "file b/"+name, "file c/f", "file c/"+name, "file c/.nodedupe", "file d/"+name, "file e/f", "file e/"+name)
	given := TemporaryPrefix + "0123abcd-fedcba9876543210"
	grow(t, dir, "file a/"+given, "file b/"+given)
	tree, _ := walk(t, Options{}, dir+"/a/f", dir+"/a/"+given, dir+"/b/f", dir+"/b/"+given, dir+"/b", dir+"/c/f", dir+"/e/f")
	same(t, "names", paths(tree, dir), []string{"a/f", "b/f", "e/f"})
	var left []string
	for _, l := range tree.Leftovers() {
		left = append(left, string(tree.AppendDirPath(nil, l.Dir))+"/"+l.Base)
		fd, err := tree.OpenDir(l.Dir)
		must(t, err)
		if st, err := StatAt(fd, l.Base); err != nil || st.ID != l.Stat.ID {
			t.Errorf("%s is opened as %v, %v", l.Base, st.ID, err)
		}
		unix.Close(fd)
	}
	same(t, "leftovers", left, []string{dir + "/a/" + given, dir + "/b/" + name, dir + "/b/" + given})
	var found []string
	for _, l := range tree.Beside() {
		found = append(found, string(tree.AppendDirPath(nil, l.Dir))+"/"+l.Base)
	}
	same(t, "beside", found, []string{dir + "/a/" + name, dir + "/e/" + name})
	if d := tree.Beside()[0].Dir; !tree.Gives(d, "f") || tree.Gives(d, name) {
		t.Error("other names are given")
	}
	t.Chdir(dir + "/e")
	tree, _ = walk(t, Options{}, "f")
	if d := tree.Beside()[0].Dir; !tree.Gives(d, "f") || tree.Gives(d, name) {
		t.Error("other names are given from here")
	}
}

func TestAnyName(t *testing.T) {
	long := strings.Repeat("n", 255)
	names := []string{"\xff\xfe", "new\nline", " ", "-rf", "\\", long, "..."}
	dir := t.TempDir()
	for _, name := range names {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o644))
	}
	tree, _ := walk(t, Options{}, dir)
	slices.Sort(names)
	same(t, "names", paths(tree, dir), names)
	o := tree.NewOpener()
	defer o.Close()
	for i := range tree.Len() {
		fd, err := o.Open(Name(i))
		must(t, err)
		unix.Close(fd)
	}
}

// TestLongNames: some filesystems allow more than 255 bytes. Many of them fill arenas, of which there
// are as few as that takes.
func TestLongNames(t *testing.T) {
	tree := &Tree{}
	w := newWalker(&scanner{tree: tree})
	long, bytes := strings.Repeat("é", 510), 0
	var offsets [1021]uint32
	for n := 1; n < len(offsets); n++ {
		at, err := w.addFile([]byte(long[:n]), &Stat{Size: int64(n), Ctime: int64(n)})
		must(t, err)
		offsets[n] = at
		bytes += n + maxFacts
	}
	for n, at := range offsets[1:] {
		if got := string(nameAt(&tree.names, at)); got != long[:n+1] {
			t.Errorf("%d bytes came back as %q", n+1, got)
		}
		if f := readFacts(factsAt(&tree.names, at), int64(n+1)); f.Ctime != int64(n+1) {
			t.Errorf("%d bytes: %+v", n+1, f)
		}
	}
	if n := len(*tree.names.view.Load()); n > bytes/arenaLen+1 {
		t.Errorf("%d arenas for less than %d bytes", n, bytes)
	}
}

func TestCancel(t *testing.T) {
	dir := t.TempDir()
	for i := range 3000 {
		must(t, os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), nil, 0o644))
	}
	ctx, cancel := context.WithCancel(context.Background())
	var once sync.Once
	tree, err := Scan(ctx, []Root{{Path: dir}}, Options{OnFiles: func(int64, int64) {
		once.Do(func() {
			cancel()
			for ctx.Err() == nil {
			}
		})
	}})
	if err != context.Canceled || tree == nil {
		t.Fatalf("tree %v, error %v", tree, err)
	}
	defer tree.Close()
	checkTree(t, tree)
	ended, err := Scan(ctx, []Root{{Path: dir}, {Path: dir + "/1"}}, Options{})
	if err != context.Canceled || ended.Len() != 0 {
		t.Errorf("%d names, error %v", ended.Len(), err)
	}
}

func TestCallbacks(t *testing.T) {
	dir := plant(t, "file a 3", "file b/c 4", "file b/d 5")
	var mu sync.Mutex
	var dirs, met, bytes int
	tree, err := Scan(context.Background(), []Root{{Path: dir + "/b"}, {Path: dir + "/a"}}, Options{
		OnDir:   func() { mu.Lock(); dirs++; mu.Unlock() },
		OnFiles: func(n, size int64) { mu.Lock(); met += int(n); bytes += int(size); mu.Unlock() },
	})
	must(t, err)
	tree.Close()
	if dirs != 1 || met != 3 || bytes != 12 {
		t.Errorf("%d directories, %d files, %d bytes", dirs, met, bytes)
	}
}
