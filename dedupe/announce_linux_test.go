package dedupe

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/scan"
)

// crowd makes two sets: one of many files, and one of two.
func crowd(t *testing.T, many int) (a *applier, large, small *job, state string) {
	dir, state := t.TempDir(), t.TempDir()
	for i := range many {
		put(t, dir, fmt.Sprintf("large/%d/%d", i%10, i), "many", int64(i))
	}
	for i := range 2 {
		put(t, dir, fmt.Sprintf("small/%d", i), "of two files", int64(i))
	}
	w := begun(t, state)
	t.Cleanup(func() { w.Close() })
	a = newApplier(planOf(find(t, dir, scan.Root{}), decide.Policy{}, nil), ApplyOptions{Journal: w, Run: "0123abcd"})
	t.Cleanup(a.opener.Close)
	jobs := allJobs(a.plan)
	return a, jobs[0], jobs[1], state
}

// TestAnnouncedApart: in the journal a name belongs to the last set before it, also where a
// worker announces the names of another set anew meanwhile.
func TestAnnouncedApart(t *testing.T) {
	a, large, small, state := crowd(t, 3000)
	a.announce(small)
	var wg sync.WaitGroup
	done := make(chan struct{})
	wg.Go(func() {
		defer close(done)
		a.announce(large)
	})
	wg.Go(func() {
		for again := true; again; {
			a.announceAgain(small)
			select {
			case <-done:
				again = false
			default:
			}
		}
	})
	wg.Wait()
	check(t, a.opts.Journal.Sync())
	set, found := "", map[string]int{}
	j, err := journal.Find(state, testRun)
	check(t, err)
	for r, err := range j.Records() {
		check(t, err)
		switch {
		case r.Set != nil:
			set = string(r.Set.Path)
		case r.Replace != nil:
			if kind := kindOf(string(r.Replace.Path)); kind != kindOf(set) {
				t.Fatalf("%s is told of as a copy of %s", r.Replace.Path, set)
			} else {
				found[kind]++
			}
		}
	}
	if found["large"] != 2999 || found["small"] < 2 {
		t.Errorf("names: %v", found)
	}
}

// kindOf is the directory of crowd that a path leads into.
func kindOf(path string) string {
	if strings.Contains(path, string(filepath.Separator)+"large"+string(filepath.Separator)) {
		return "large"
	}
	return "small"
}

// TestMemoryOfOneSet: the names of a set are told to the journal one by one. All at once
// they took 2,600 bytes each instead of 930.
func TestMemoryOfOneSet(t *testing.T) {
	a, large, _, _ := crowd(t, 3000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	a.announce(large)
	runtime.ReadMemStats(&after)
	each := (after.TotalAlloc - before.TotalAlloc) / uint64(len(large.victims))
	if each > 2200 {
		t.Errorf("%d bytes a name", each)
	}
}
