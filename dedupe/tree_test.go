package dedupe

import (
	"context"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/sample"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

var (
	check   = sample.Check
	put     = sample.Put
	find    = sample.Find
	openDir = sample.OpenDir
)

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

// statOf describes what a path leads to, its elements joined.
func statOf(t testing.TB, path ...string) scan.Stat {
	t.Helper()
	now, err := scan.StatAt(unix.AT_FDCWD, filepath.Join(path...))
	check(t, err)
	return now
}
