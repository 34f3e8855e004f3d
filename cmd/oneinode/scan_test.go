package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/report/talk"
	"github.com/oneinode/oneinode/scan"
)

// TestFindOutsideEnds: the search outside the PATHs, which goes over the whole filesystem, keeps
// to --max-duration, too.
func TestFindOutsideEnds(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b"} {
		if err := os.MkdirAll(filepath.Join(dir, "in"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "in", name), []byte("equal"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(filepath.Join(dir, "in/a"), filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	tree, err := scan.Scan(t.Context(), []scan.Root{{Path: filepath.Join(dir, "in")}}, scan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	res, err := hash.Find(t.Context(), tree, hash.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := &run{job: job{outside: true}, tree: tree, budget: newBudget(t.Context(), pace{duration: time.Nanosecond})}
	r.watched = &watched{progress: talk.NewProgress(io.Discard, nil, false)}
	defer r.budget.release()
	<-r.budget.linking.Done()
	plan, err := decide.NewPlan(t.Context(), res, decide.Policy{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = r.findOutside(t.Context(), plan)
	if err != nil || r.facts.Run.Stopped != "--max-duration" || r.facts.Outside != nil {
		t.Errorf("%v, stopped %q, found %v", err, r.facts.Run.Stopped, r.facts.Outside)
	}
}
