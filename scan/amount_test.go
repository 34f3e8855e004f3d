package scan

import (
	"math"
	"os"
	"path/filepath"
	"testing"
)

func write(t *testing.T, path string, size int) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, make([]byte, size), 0o644))
}

// TestAmounts: an inode with names under two roots counts once in each, and once
// in the whole.
func TestAmounts(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	write(t, filepath.Join(a, "one"), 5000)
	write(t, filepath.Join(b, "two"), 1)
	write(t, filepath.Join(b, "three"), 2)
	must(t, os.Link(filepath.Join(b, "three"), filepath.Join(b, "four")))
	for _, name := range []string{filepath.Join(a, "again"), filepath.Join(b, "one")} {
		must(t, os.Link(filepath.Join(a, "one"), name))
	}
	tree, err := Scan(t.Context(), []Root{{Path: a}, {Path: b}}, Options{})
	must(t, err)
	defer tree.Close()
	check := func(what string, got Amount, names, inodes, blocks, blocksNames int64) {
		t.Helper()
		if got.Names != names || got.Inodes != inodes || got.Blocks != blocks || got.BlocksNames != blocksNames {
			t.Errorf("%s: %+v, want %d names, %d inodes, %d and %d bytes of blocks", what, got, names, inodes, blocks, blocksNames)
		}
	}
	check("root a", tree.RootAmounts()[0], 2, 1, 8192, 16384)
	check("root b", tree.RootAmounts()[1], 4, 3, 16384, 20480)
	check("whole", tree.Whole(), 6, 3, 16384, 36864)
	check("domain", tree.DomainAmounts()[0], 6, 3, 16384, 36864)
	taken := 3*tree.Facts(nameOf(t, tree, filepath.Join(b, "two"))).Allocated + 3*tree.Facts(nameOf(t, tree, filepath.Join(b, "one"))).Allocated
	if got := tree.Whole().AllocatedNames; got != taken {
		t.Errorf("%d bytes without links, want %d", got, taken)
	}
	if tree.Whole().Directories != 2 || tree.Whole().Apparent != 5003 || tree.Whole().ApparentNames != 15005 {
		t.Errorf("whole: %+v", tree.Whole())
	}
	links := map[int64]int{}
	for names, size := range tree.LinkCounts() {
		links[size] = names
	}
	if len(links) != 2 || links[5000] != 3 || links[2] != 2 {
		t.Errorf("names by size: %v", links)
	}
}

// TestSizesStopAtTheLargest: two files of holes can have more bytes than an int64 holds.
func TestSizesStopAtTheLargest(t *testing.T) {
	const huge = 8191 << 50
	var a, b Amount
	a.inode(huge, 0, 1)
	b.inode(huge, 0, 3)
	if b.ApparentNames != math.MaxInt64 {
		t.Errorf("three names have %d bytes", b.ApparentNames)
	}
	a.add(&b)
	a.inode(math.MaxInt64, 0, 1)
	for i, got := range []int64{a.Apparent, a.Blocks, a.ApparentNames, a.BlocksNames} {
		if got < math.MaxInt64/blockSize*blockSize {
			t.Errorf("sum %d is %d", i, got)
		}
	}
}

// TestHugeFilesAreSummed scans such files.
func TestHugeFilesAreSummed(t *testing.T) {
	dir, err := os.MkdirTemp("/dev/shm", "oneinode")
	if err != nil {
		t.Skip("needs a tmpfs: ", err)
	}
	defer os.RemoveAll(dir)
	for _, name := range []string{"a", "b"} {
		write(t, filepath.Join(dir, name), 1)
		if err := os.Truncate(filepath.Join(dir, name), 8191<<50); err != nil {
			t.Skip("needs files of 8 EiB: ", err)
		}
	}
	must(t, os.Link(filepath.Join(dir, "a"), filepath.Join(dir, "a2")))
	tree, err := Scan(t.Context(), []Root{{Path: dir}}, Options{})
	must(t, err)
	defer tree.Close()
	if whole := tree.Whole(); whole.Apparent != math.MaxInt64 || whole.ApparentNames != math.MaxInt64 {
		t.Errorf("%+v", whole)
	}
}

func TestWanted(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "x", "yes"), 10)
	write(t, filepath.Join(dir, "x", "no"), 10)
	st, err := os.Stat(filepath.Join(dir, "x", "yes"))
	must(t, err)
	all, err := Scan(t.Context(), []Root{{Path: dir}}, Options{})
	must(t, err)
	defer all.Close()
	var want ID
	for i := range all.Len() {
		if string(all.Base(Name(i))) == st.Name() {
			want = all.ID(Name(i))
		}
	}
	tree, err := Scan(t.Context(), []Root{{Path: dir}}, Options{Wanted: func(id ID) bool { return id == want }})
	must(t, err)
	defer tree.Close()
	if tree.Len() != 1 || string(tree.Base(0)) != "yes" {
		t.Errorf("%d names", tree.Len())
	}
}
