package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// TestOutsidePaths: of the names that a file has everywhere those are told that the scan did
// not meet, also of equal names in many directories, each of which is looked at once.
func TestOutsidePaths(t *testing.T) {
	dir := t.TempDir()
	try := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	const each = 20
	first, outside := filepath.Join(dir, "in/0/a"), []string(nil)
	for i := range each {
		for _, side := range []string{"in", "out"} {
			to := filepath.Join(dir, side, fmt.Sprint(i))
			try(os.MkdirAll(to, 0o755))
			for _, name := range []string{"a", "b"} {
				path := filepath.Join(to, name)
				if path == first {
					try(os.WriteFile(path, nil, 0o600))
					continue
				}
				try(os.Link(first, path))
				if side == "out" {
					outside = append(outside, path)
				}
			}
		}
	}
	look := func(root string) *scan.Tree {
		tree, err := scan.Scan(t.Context(), []scan.Root{{Path: root}}, scan.Options{})
		try(err)
		t.Cleanup(func() { tree.Close() })
		return tree
	}
	try(os.Symlink("in", filepath.Join(dir, "link")))
	inside, all := look(filepath.Join(dir, "link")+"/"), look(dir) // the same names by other paths
	var names []scan.Name
	for i := range inside.Len() {
		names = append(names, scan.Name(i))
	}
	id := inside.ID(names[0])
	got := outsidePaths(all, inside, map[scan.ID][]scan.Name{id: names})
	slices.Sort(outside)
	if len(got) != 1 || !slices.Equal(got[id], outside) {
		t.Errorf("%v, want %q", got, outside)
	}
	e := newEntries(all)
	for i := range all.Len() {
		e.of(scan.Name(i))
	}
	if len(e.dirs) != 2*each {
		t.Errorf("%d looks at %d directories", len(e.dirs), 2*each)
	}
}

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
