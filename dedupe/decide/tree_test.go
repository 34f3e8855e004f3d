package decide

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// find is a real tree in dir, found and read as a run does it.
func find(t testing.TB, dir string, roots ...scan.Root) *hash.Result {
	t.Helper()
	for i := range roots {
		roots[i].Path = filepath.Join(dir, roots[i].Path)
	}
	tree, err := scan.Scan(t.Context(), roots, scan.Options{MinSize: 1})
	check(t, err)
	t.Cleanup(func() { tree.Close() })
	res, err := hash.Find(t.Context(), tree, hash.Options{Digests: true})
	check(t, err)
	return res
}

// planOf is NewPlan without an end.
func planOf(res *hash.Result, policy Policy, layouts *Layouts) *Plan {
	p, _ := NewPlan(context.Background(), res, policy, layouts)
	return p
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// put writes a file whose mtime is age seconds after the epoch, and gives it
// further names.
func put(t testing.TB, dir, path, content string, age int64, links ...string) {
	t.Helper()
	path = filepath.Join(dir, path)
	check(t, os.MkdirAll(filepath.Dir(path), 0o755))
	check(t, os.WriteFile(path, []byte(content), 0o644))
	check(t, os.Chtimes(path, time.Unix(age, 0), time.Unix(age, 0)))
	for _, l := range links {
		l = filepath.Join(dir, l)
		check(t, os.MkdirAll(filepath.Dir(l), 0o755))
		check(t, os.Link(path, l))
	}
}
