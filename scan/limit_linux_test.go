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
