package scan

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/bmatcuk/doublestar/v4"
)

func TestFilter(t *testing.T) {
	for _, c := range []struct {
		include, exclude string // blank-separated globs
		file             string // absolute; the root is /home/me
		want             bool
	}{
		{"", "", "a", true},
		{"*.go", "", "x/a.go", true},
		{"*.go", "", "x/a.c", false},
		{"*.go *.c", "", "x/a.c", true},
		{"*.go", "a.*", "x/a.go", false},
		{"", "a.go", "x/a.go", false},
		{"", "a.go", "x/ba.go", true},
		{"", "?.go", "x/a.go", false},
		{"", "[!a].go", "x/a.go", true},
		{"", "{a,b}.go", "b.go", false},
		{"", "x/*.go", "x/a.go", false},
		{"", "x/*.go", "deep/x/a.go", false},
		{"", "x/*.go", "x/y/a.go", true},
		{"", "x/**/*.go", "x/y/z/a.go", false},
		{"", "**/y/**", "x/y/z/a.go", false},
		{"", "./x/a.go", "x/a.go", false},
		{"", "/home/*/x/a.go", "x/a.go", false},
		{"", "/x/a.go", "x/a.go", true},
		{"", "/home/**", "x/a.go", false},
		{"", "/home/me/*.go", "x/a.go", true},
		{"", "a.go/", "x/a.go", true}, // directories only
		{"", "?.go/", "x/a.go", true},
		{"", "*.g?", "x/a.go", false},
		{"x/", "", "x/y/a.go", true},
		{"x/", "", "y/a.go", false},
		{"/home/me/x/", "", "x/y/a.go", true},
		{"", "\xff*", "\xff\xfe", false},
	} {
		f, err := NewFilter(strings.Fields(c.include), strings.Fields(c.exclude))
		must(t, err)
		base := c.file[strings.LastIndexByte(c.file, '/')+1:]
		if got := f.takesFile(subject{base, c.file, "/home/me/" + c.file}); got != c.want {
			t.Errorf("include %q, exclude %q: %q %v", c.include, c.exclude, c.file, got)
		}
	}
}

func TestFilterRefuses(t *testing.T) {
	for _, glob := range []string{"", "[a", "a{b", "x/[", "/[a-", `a\`, "~/Pictures"} {
		if _, err := NewFilter(nil, []string{glob}); err == nil || !strings.Contains(err.Error(), "glob") {
			t.Errorf("exclude %q: %v", glob, err)
		}
		if _, err := NewFilter([]string{glob}, nil); err == nil {
			t.Errorf("include %q is taken", glob)
		}
	}
}

// TestFilterOnTrees: an excluded directory is not entered, the root itself is
// never matched, and a path glob counts from each root.
func TestFilterOnTrees(t *testing.T) {
	dir := plant(t, "file src/a.go", "file src/a.c", "file src/cache/b.go", "file cache", "file lib/src/cache/c.go", "file x/y/z/d.go")
	for _, c := range []struct{ include, exclude, roots, want string }{
		{"", "cache", ".", "x/y/z/d.go src/a.go src/a.c"},
		{"", "cache/", ".", "cache src/a.go src/a.c x/y/z/d.go"},
		{"", "c?che/", ".", "cache src/a.go src/a.c x/y/z/d.go"},
		{"*.go", "src/cache", ".", "src/a.go x/y/z/d.go"},
		{"*.go", "x/y", "x/y .", "lib/src/cache/c.go src/a.go src/cache/b.go x/y/z/d.go"},
		{"y/**", "", "x", "x/y/z/d.go"},
		{"", "src", "src", "src/a.c src/a.go src/cache/b.go"},
		{"DIR/src/*", "", ".", "src/a.go src/a.c"},
		{"", "DIR/*", ".", ""},
	} {
		real := strings.NewReplacer("DIR", dir)
		f, err := NewFilter(named(c.include, real), named(c.exclude, real))
		must(t, err)
		var roots []string
		for root := range strings.FieldsSeq(c.roots) {
			roots = append(roots, dir+"/"+root)
		}
		tree, _ := walk(t, Options{Filter: f}, roots...)
		want := slices.Sorted(slices.Values(strings.Fields(c.want)))
		same(t, c.include+" but "+c.exclude, paths(tree, dir), want)
	}
}

// named splits a text, and puts real paths, in which there may be a space, into the words.
func named(text string, real *strings.Replacer) []string {
	list := strings.Fields(text)
	for i := range list {
		list[i] = real.Replace(list[i])
	}
	return list
}

// TestFilterRelative: an absolute glob works with a root that is not.
func TestFilterRelative(t *testing.T) {
	dir := plant(t, "file sub/a", "file sub/b")
	t.Chdir(dir)
	f, err := NewFilter(nil, []string{dir + "/sub/a"})
	must(t, err)
	for _, root := range []string{"sub", ".", "./sub/../sub"} {
		tree, _ := walk(t, Options{Filter: f}, root)
		if tree.Len() != 1 {
			t.Errorf("%s: %d names", root, tree.Len())
		}
	}
}

// TestFilterByShownPath: a glob with a slash is matched against the path as it is
// shown, whatever the roots are; for given files the directories on the way count.
func TestFilterByShownPath(t *testing.T) {
	dir := plant(t, "file g/x/a", "file g/x/y/b", "file g/z/c", "file g/d")
	t.Chdir(dir)
	files := "g/x/a ./g/x/y/b g/z/c g/d"
	for _, c := range []struct{ include, exclude, roots, want string }{
		{"", "g/x/**", "g", "g/d g/z/c"},
		{"", "g/x/**", "./g/", "g/d g/z/c"},
		{"", "g/x/**", ".", "g/d g/z/c"},
		{"", "*/g", ".", "g/d g/x/a g/x/y/b g/z/c"}, // what is shown of "." is nothing
		{"", "g/x", "../" + filepath.Base(dir), "../D/g/d ../D/g/z/c"},
		{"", "x/y", "g", "g/d g/x/a g/z/c"},
		{"", "g/x/**", "DIR/g", "DIR/g/d DIR/g/z/c"},
		{"", "../D/g/x", "../" + filepath.Base(dir), "../D/g/d ../D/g/z/c"},
		{"", "z/c", "g/x g/z", "g/x/a g/x/y/b"},
		{"g/x/*", "", "g", "g/x/a"},
		{"g/x/*", "", "g/x", "g/x/a"},
		{"x/*", "", files, "g/x/a"},
		{"g/x/", "", files, "g/x/a g/x/y/b"},
		{"", "x/**", files, "g/d g/z/c"},
		{"", "x", files, "g/d g/z/c"},
		{"", "g/x/", files, "g/d g/z/c"},
		{"", "DIR/g/x", files, "g/d g/z/c"},
		{"", "x", "g/x g/x/a", "g/x/a g/x/y/b"}, // a directory that is a root is never matched
		{"", ".*", "../" + filepath.Base(dir) + "/g/d", "../D/g/d"},
	} {
		real := strings.NewReplacer("DIR", dir, "D", filepath.Base(dir))
		f, err := NewFilter(named(c.include, real), named(c.exclude, real))
		must(t, err)
		tree, _ := walk(t, Options{Filter: f}, named(c.roots, real)...)
		same(t, c.roots+": "+c.include+" but "+c.exclude, paths(tree, "."), named(c.want, real))
	}
}

// TestFilterListed: what a list names is left out like what a walk meets.
func TestFilterListed(t *testing.T) {
	dir := plant(t, "file g/x/a", "file g/x/y/b", "file g/z/c", "file g/w/d", "file x/e/f", "file x/e/x/g")
	t.Chdir(dir)
	f, err := NewFilter(nil, []string{"x"})
	must(t, err)
	tree, err := Scan(t.Context(), listed("g", "g/x", "g/x/a", "g/x/y", "g/x/y/b", "g/z", "g/z/c"), Options{Filter: f})
	must(t, err)
	defer tree.Close()
	same(t, "names", paths(tree, "."), []string{"g/w/d", "g/z/c"})
	var below []Root // a PATH of the scan before, which was never matched
	for _, path := range []string{"/x/e", "/x/e/f", "/x/e/x/g"} {
		below = append(below, Root{Path: dir + path, Top: dir + "/x", Listed: true})
	}
	tree, err = Scan(t.Context(), below, Options{Filter: f})
	must(t, err)
	defer tree.Close()
	same(t, "names below", paths(tree, dir), []string{"x/e/f"})
}

// matchesAlone is what one glob says, without any list.
func matchesAlone(glob string, s subject, isDir bool) bool {
	text := strings.TrimRight(strings.TrimPrefix(glob, "./"), "/")
	if strings.HasSuffix(glob, "/") && !isDir {
		return false
	}
	switch {
	case strings.HasPrefix(glob, "/"):
		return saysAlone(text, s.abs)
	case strings.Contains(text, "/"):
		return saysAlone("**/"+text, s.rel)
	}
	return saysAlone(text, s.base)
}

func saysAlone(text, name string) bool {
	rest, star := strings.CutPrefix(text, "*")
	switch {
	case !strings.ContainsAny(text, metaCharacters):
		return name == text
	case star && !strings.ContainsAny(rest, metaCharacters+"/"):
		return strings.HasSuffix(name, rest) && !strings.Contains(strings.TrimSuffix(name, rest), "/")
	}
	return doublestar.MatchUnvalidated(text, name)
}

// FuzzFilterAlike: a list of globs that are looked up says what each of them says alone.
func FuzzFilterAlike(f *testing.F) {
	for _, globs := range []string{"a\nb/\n./c\na/b\na/b/\n/x/a\n/x/b/", "*\n*/\n*.go\n*.tar.gz\n*a/", "**/a\na/**\n[ab]\n../a\n/\n\xff\n*\xff", "//a\na//b\n./a/\n.//a", "a/\xff\nb/\ufffd", "[ab]/\n*b?\nx/?/"} {
		for _, path := range []string{"a/b", "x/a", "x.tar.gz", "y/b/x.go", "../a", "\xff\xfe/\xff", "b", "/x/a", "y//a", "y/a/\xfe", "b/\xfe", ""} {
			f.Add(globs, path)
		}
	}
	f.Fuzz(func(t *testing.T, text, path string) {
		globs := strings.Split(text, "\n")
		filter, err := NewFilter(nil, globs)
		if err != nil {
			return
		}
		_, base := SplitPath(path)
		s := subject{base, path, "/x/" + path}
		for _, isDir := range []bool{false, true} {
			want := slices.ContainsFunc(globs, func(g string) bool { return matchesAlone(g, s, isDir) })
			if got := filter.exclude.match(s, isDir); got != want {
				t.Errorf("%q of %q, directory %v: %v, want %v", globs, path, isDir, got, want)
			}
		}
	})
}

// TestFilterLong: of a long list only globs that need the matcher are tried in turn.
func TestFilterLong(t *testing.T) {
	var list []string
	for i := range 1000 {
		n := strconv.Itoa(i)
		list = append(list, "plain"+n, "dir"+n+"/", "*.e"+n, "a/path"+n, "/whole/path"+n)
	}
	f, err := NewFilter(nil, append(list, "m[a-c]", "b/m?", "/c/*"))
	must(t, err)
	g := &f.exclude
	if n := len(g.base.rest) + len(g.rel.rest) + len(g.abs.rest); n != 3 {
		t.Errorf("%d are tried in turn", n)
	}
	if n := len(g.base.lengths); n != 3 {
		t.Errorf("%d lengths of suffixes", n)
	}
}

func FuzzFilter(f *testing.F) {
	for _, s := range []string{"*.go", "a/**/b", "/x/[a-z]?", "{a,b{c,d}}/", `\*`, "**", "[^]", "\xff"} {
		f.Add(s, "x/y/"+s)
	}
	f.Fuzz(func(t *testing.T, glob, path string) {
		filter, err := NewFilter([]string{glob}, []string{glob})
		if err != nil {
			return
		}
		base := path[strings.LastIndexByte(path, '/')+1:]
		s := subject{base, path, "/" + path}
		if filter.takesFile(s) && !strings.HasSuffix(glob, "/") {
			t.Errorf("%q is both taken and not by %q", path, glob)
		}
		filter.takesDir(s)
	})
}

func BenchmarkFilter(b *testing.B) {
	f, err := NewFilter(nil, []string{"*.tmp", "node_modules", "**/cache/**/*.bin"})
	must(b, err)
	s := subject{"picture.jpeg", "home/photos/2024/picture.jpeg", "/home/photos/2024/picture.jpeg"}
	b.ReportAllocs()
	for b.Loop() {
		f.takesFile(s)
	}
}
