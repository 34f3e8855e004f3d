package scan

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"
)

// TestManyRootsWithinLimit: PATHs in many directories leave descriptors for the work, however few
// there are.
func TestManyRootsWithinLimit(t *testing.T) {
	dir := t.TempDir()
	var roots []string
	for i := range 100 {
		grow(t, dir, fmt.Sprintf("file d%03d/f", i))
		roots = append(roots, fmt.Sprintf("%s/d%03d/f", dir, i))
	}
	var limit unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(openFiles(t) + 40), Max: limit.Max}))
	tree, err := Scan(t.Context(), listed(roots...), Options{OnSkip: func(s Skip) { t.Errorf("%+v", s) }})
	if e := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); e != nil || err != nil {
		t.Fatal(e, err)
	}
	defer tree.Close()
	if tree.Len() != len(roots) {
		t.Errorf("%d names", tree.Len())
	}
}

// TestDescriptorsRunOut: a scan that finds too few of them says so, and takes nothing for what it is not.
func TestDescriptorsRunOut(t *testing.T) {
	dir := plant(t, "file a/f 1", "file a/f2 2", "file b/g 3", "file b/sub/h 4", "file c/i 5")
	var limit unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	failed, done := 0, 0
	all := []Root{{Path: dir + "/a"}, {Path: dir + "/b/"}, {Path: dir + "/c/i"}}
	for i := range 3 * 32 {
		told, roots, spare := &skips{}, [][]Root{all, all[:1], all[2:]}[i%3], i/3
		must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(openFiles(t) - 4 + spare), Max: limit.Max}))
		tree, err := Scan(t.Context(), roots, Options{OnSkip: told.add, Walkers: 1})
		must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
		if err != nil || len(told.list) > 0 {
			failed++
			continue
		}
		done++
		want := []string{"a/f", "a/f2", "b/g", "b/sub/h", "c/i"}
		same(t, "names", paths(tree, dir), [][]string{want, want[:2], want[4:]}[i%3])
		o := tree.NewOpener()
		for n := range Name(tree.Len()) {
			fd, err := o.Open(n)
			must(t, err)
			if st, err := FStat(fd); err != nil || st.ID != tree.ID(n) {
				t.Errorf("%s leads to another file", tree.Path(n))
			}
			unix.Close(fd)
		}
		o.Close()
		tree.Close()
	}
	if failed == 0 || done == 0 {
		t.Errorf("%d failed, %d were done", failed, done)
	}
}
