package decide

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

func TestTargetFor(t *testing.T) {
	for _, c := range []struct{ dir, path, want string }{
		{"/a", "/a/f", "f"},
		{"/a", "/b/f", "../b/f"},
		{"/", "/b/f", "b/f"},
		{"/a/b/c", "/f", "../../../f"},
		{"/ab", "/a/f", "../a/f"},
		{"/a/ b\n", "/a/\xff/f", "../\xff/f"},
	} {
		if got := targetFor(c.dir, c.path, false); got != c.want {
			t.Errorf("from %q to %q: %q; want %q", c.dir, c.path, got, c.want)
		}
		if got := targetFor(c.dir, c.path, true); got != c.path {
			t.Errorf("whole: from %q to %q: %q", c.dir, c.path, got)
		}
	}
}

// Whatever the names, the way from a directory ends at the path.
func FuzzTargetFor(f *testing.F) {
	f.Add("a", "b/c")
	f.Add("a/b/c", "a/b/c/d")
	f.Add("", "x")
	f.Add("..", "...")
	f.Add("a//b", "\xff/\n")
	f.Fuzz(func(t *testing.T, a, b string) {
		dir, path := filepath.Join("/", a), filepath.Join("/", b)
		if strings.Contains(a+b, "\x00") || path == "/" {
			t.Skip()
		}
		if got := targetFor(dir, path, false); filepath.IsAbs(got) || filepath.Join(dir, got) != path {
			t.Errorf("from %q to %q: %q ends at %q", dir, path, got, filepath.Join(dir, got))
		}
	})
}

// The figures are those that ext4, xfs, btrfs and tmpfs showed by stat(1).
func TestTargetTakes(t *testing.T) {
	for _, c := range []struct {
		kind   string
		length int
		want   int64
	}{
		{"ext4", 59, 0}, {"ext4", 60, 4096}, {"xfs", 336, 0}, {"xfs", 337, 4096},
		{"tmpfs", 127, 0}, {"tmpfs", 128, 4096}, {"btrfs", 900, 0}, {"other", 900, 0},
	} {
		if got := targetTakes(&scan.Filesystem{Type: c.kind, Block: 4096}, strings.Repeat("x", c.length)); got != c.want {
			t.Errorf("%s, %d bytes: %d, want %d", c.kind, c.length, got, c.want)
		}
	}
	for kind, length := range map[string]int{"ext4": 4095, "xfs": 1023, "": 4095} {
		if fits := strings.Repeat("x", length); !targetFits(kind, fits) || targetFits(kind, fits+"x") {
			t.Errorf("%s does not hold targets of up to %d bytes", kind, length)
		}
	}
	if LinkTakes("btrfs", 4096) != 0 || LinkTakes("ext4", 1024) != 1024 {
		t.Error("what a link takes is not what the filesystem says")
	}
}

var (
	symbolic = Policy{Link: LinkSymlink, Match: MatchNone}
	big      = strings.Repeat("same", 5000) // so that a link takes less
)

// An inode is replaced with all its names or not at all.
func TestPoint(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "one/a", big, 100)
	put(t, dir, "one/b", big, 200, "two/b2")
	put(t, dir, "two/c", big, 300, "away/c")
	put(t, dir, "two/d", big, 400, "ref/d2")
	res := find(t, dir, scan.Root{Path: "one"}, scan.Root{Path: "two"}, scan.Root{Path: "ref", Protected: true})
	got, sp := told(t, dir, res, symbolic)
	// d has a name under the reference, so it stays, and that name is the one that counts.
	want(t, got, "one/a > ref/d2", "one/b > ref/d2", "two/b2 > ref/d2", "two/c = "+HoldOutside)
	keeper := &sp.Inodes[indexOf(t, res, &sp, filepath.Join(dir, "ref/d2"))]
	if path := res.Tree.Path(keeper.Pointed(res.Tree)); path != filepath.Join(dir, "ref/d2") {
		t.Errorf("links would lead to %s", path)
	}
	if one := sp.Inodes[0].Allocated; sp.Reclaimable != 2*one {
		t.Errorf("%d bytes reclaimable of files of %d", sp.Reclaimable, one)
	}
}

// What keeps a name keeps all: nothing would become free.
func TestPointPartly(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "ref/a", big, 100, "own/a2")
	put(t, dir, "ref/b", big, 200, "own/b2")
	put(t, dir, "own/c", big, 300)
	res := find(t, dir, scan.Root{Path: "own"}, scan.Root{Path: "ref", Protected: true})
	got, _ := told(t, dir, res, symbolic)
	want(t, got, "own/b2 = "+HoldProtected, "own/c > own/a2")

	res = find(t, dir, scan.Root{Path: "own"}, scan.Root{Path: "ref"})
	policy := symbolic
	policy.AcrossOnly = true
	got, _ = told(t, dir, res, policy)
	want(t, got, "own/b2 = "+HoldPartly, "own/c = "+HoldAcross)
}

// No link limit counts, and a file that a link would not be smaller than stays.
func TestPointGain(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a", big, 100)
	for i := range 5 {
		put(t, dir, fmt.Sprint("b", i), big, 200)
	}
	res := find(t, dir, scan.Root{Path: "."})
	policy := symbolic
	policy.MaxLinks = 2
	got, _ := told(t, dir, res, policy)
	want(t, got, "b0 > a", "b1 > a", "b2 > a", "b3 > a", "b4 > a")

	empty := t.TempDir()
	for _, name := range []string{"a", "b"} {
		check(t, os.WriteFile(filepath.Join(empty, name), nil, 0o644))
		check(t, os.Truncate(filepath.Join(empty, name), 1<<20)) // all hole
	}
	res = find(t, empty, scan.Root{Path: "."})
	got, _ = told(t, empty, res, symbolic)
	want(t, got, "b = "+HoldNoGain)
}

// A file that too many links lead to one after the other stays a file, as does the keeper.
func TestPointChain(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "c"} {
		put(t, dir, name, big, 100)
	}
	chain := func(to string, n int) {
		for i := range n {
			link := fmt.Sprint(to, i)
			check(t, os.Symlink(to, filepath.Join(dir, link)))
			to = link
		}
	}
	chain("a", scan.LongestChain)
	chain("b", scan.LongestChain)
	chain("c", scan.LongestChain-1)
	tree, err := scan.Scan(t.Context(), []scan.Root{{Path: dir}}, scan.Options{Symlinks: true})
	check(t, err)
	defer tree.Close()
	res, err := hash.Find(t.Context(), tree, hash.Options{})
	check(t, err)
	got, _ := told(t, dir, res, symbolic)
	want(t, got, "b = "+HoldChain, "c > a")
	got, _ = told(t, dir, res, Policy{Match: MatchNone})
	want(t, got, "b > a", "c > a")
}
