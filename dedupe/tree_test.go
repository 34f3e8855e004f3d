package dedupe

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/journal"
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

// begun is the journal of a run that has just begun, with some roots.
func begun(t testing.TB, state string, roots ...string) *journal.Writer {
	t.Helper()
	begin := journal.Begin{Version: journal.Version, Run: testRun, Kind: journal.KindDedupe}
	for _, r := range roots {
		begin.Roots = append(begin.Roots, journal.Path(r))
	}
	w, err := journal.Create(state, begin)
	check(t, err)
	return w
}

// planOf is NewPlan without an end.
func planOf(res *hash.Result, policy decide.Policy, layouts *decide.Layouts) *decide.Plan {
	p, _ := decide.NewPlan(context.Background(), res, policy, layouts)
	return p
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// statOf describes what a path leads to, its elements joined.
func statOf(t testing.TB, path ...string) scan.Stat {
	t.Helper()
	now, err := scan.StatAt(unix.AT_FDCWD, filepath.Join(path...))
	check(t, err)
	return now
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
