package live

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
	"github.com/oneinode/oneinode/scan"
)

// Ledger remembers what a run left out or could not do, for its report and its
// exit code. Its methods may be called from many goroutines at once.
type Ledger struct {
	// KeepAll keeps every path instead of a few examples of each reason, for
	// outputs that list them. Set it before the first call.
	KeepAll bool

	mu       sync.Mutex
	skipped  map[string]int64 // by reason
	failed   map[string]int64
	list     []schema.Skipped
	unlinked map[scan.Name]string // reason by name of the plan
	linked   int64
	freed    int64
}

// Skip notes a path that was left out; with an error it counts as failed.
func (l *Ledger) Skip(s scan.Skip) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(s.Path, s.Reason, s.Err, s.Err != nil)
}

// Outcome notes what became of one name of the plan.
func (l *Ledger) Outcome(o dedupe.Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.freed += o.Freed
	if o.Kind == dedupe.Linked {
		l.linked++
		return
	}
	if l.unlinked == nil {
		l.unlinked = map[scan.Name]string{}
	}
	l.unlinked[o.Name] = o.Reason
	l.note(o.Path, o.Reason, o.Err, o.Kind == dedupe.Failed)
}

// note counts a path and keeps it; the caller holds the lock.
func (l *Ledger) note(path, reason string, err error, failed bool) {
	if l.skipped == nil {
		l.skipped, l.failed = map[string]int64{}, map[string]int64{}
	}
	counts := l.skipped
	if failed {
		counts = l.failed
	}
	counts[reason]++
	if !l.KeepAll && counts[reason] > schema.ExamplesPerReason {
		return
	}
	s := schema.Skipped{Path: schema.NewPath(path), Reason: reason}
	if err != nil {
		s.Error = show.Cause(err)
	}
	l.list = append(l.list, s)
}

// Failed returns how many paths could not be handled: the run's exit code
// depends on it.
func (l *Ledger) Failed() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return schema.Sum(l.failed)
}

// Linked returns how many names were linked so far.
func (l *Ledger) Linked() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.linked
}

// sum adds what the ledger knows to a summary that holds the plan's figures.
func (l *Ledger) sum(s *schema.Summary) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.Linked, s.FreedBytes = l.linked, l.freed
	s.Skipped, s.Failed = schema.Sum(l.skipped), schema.Sum(l.failed)
	s.SkippedReasons, s.FailedReasons = maps.Clone(l.skipped), maps.Clone(l.failed)
}

// unreached is how many of so many names of the plan have no outcome.
func (l *Ledger) unreached(replacements int64) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(0, replacements-l.linked-int64(len(l.unlinked)))
}

// sorted returns the kept paths by path.
func (l *Ledger) sorted() []schema.Skipped {
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.SortFunc(l.list, func(a, b schema.Skipped) int {
		return cmp.Or(strings.Compare(a.Raw(), b.Raw()), strings.Compare(a.Reason, b.Reason))
	})
	return slices.Clone(l.list)
}

// reason returns why a name of the plan was not linked, "" if it was.
func (l *Ledger) reason(n scan.Name) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.unlinked[n]
}
