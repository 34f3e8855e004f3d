package dedupe

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

const (
	// DefaultWorkers replace names at the same time. Directory operations wait
	// for the filesystem's journal, not for the processor: 8 workers on 2 cores
	// take half the time of one, and more gain nothing.
	DefaultWorkers = 8
	// A batch of intents is flushed with one fdatasync. It starts small so that
	// work begins at once, and doubles up to a size at which the flushes no
	// longer show.
	firstBatch, lastBatch = 64, 4096 // names
)

// ApplyOptions says how a plan is carried out. Callbacks may come from many
// goroutines at once; nil means silence.
type ApplyOptions struct {
	Barrier Barrier
	Journal *journal.Writer
	Run     string // 8 hex digits, part of every temporary name
	Bytes   bool   // compare every pair byte for byte under the leases (--verify bytes)
	Workers int    // 0 = DefaultWorkers
	// Rest is how long an inode must not have changed when names are joined with it: Apply
	// waits for it, see DefaultRest; 0: at once.
	Rest time.Duration

	OnOutcome   func(Outcome)
	OnKeeper    func(KeeperChange)
	OnUnguarded func(Unguarded) // called once for each
}

// Unguarded is where leases do not tell of every writer: on overlayfs not of one that has
// closed the file and keeps it mapped, elsewhere of none; there every pair is compared byte
// for byte instead.
type Unguarded struct {
	scan.Filesystem
	Foreign bool // only of files of other owners, which we may not lease
}

// Apply carries the plan out, biggest savings first. Each name ends in one
// Outcome. The error says that the journal could not be kept (then no further
// name is touched) or that ctx ended; what was done until then is consistent.
func Apply(ctx context.Context, plan *decide.Plan, opts ApplyOptions) (ApplyTotals, error) {
	a := newApplier(plan, opts)
	defer a.opener.Close()
	jobs := make(chan *job, lastBatch)
	var wg sync.WaitGroup
	for range workersWithin(cmp.Or(opts.Workers, DefaultWorkers), scan.OpenLimit()) {
		wg.Go(func() { a.work(ctx, jobs) })
	}
	err := a.announceAll(ctx, jobs)
	close(jobs)
	wg.Wait()
	a.removed.settle()
	return a.finish(cmp.Or(err, ctx.Err()))
}

// workersWithin is how many of the workers may work where so many files may be open: each has two
// files and their directories open, beside what the program holds (journals, locks, PATHs).
func workersWithin(workers, limit int) int { return max(1, min(workers, (limit-16)/6)) }

// applier is what the workers share.
type applier struct {
	plan *decide.Plan
	res  *hash.Result
	opts ApplyOptions
	here string // the working directory

	// The announcer's alone:
	seq    int64 // replacements announced
	opener *scan.Opener
	dirIDs map[scan.Dir]scan.ID // of the batch at work

	// announcing is held from a set's record in the journal to the last that belongs to it.
	announcing sync.Mutex

	dirs      [256]sync.Mutex // by directory: so that each can put the mtime back
	plain     sync.Map        // scan.Domain without exchange of names
	unguarded sync.Map        // unguardedKey told already
	unlinked  sync.Map        // scan.Domain where links cannot be had, and the *refusal that said so
	stopped   atomic.Bool     // the journal failed
	removed   removed

	mu      sync.Mutex
	pending map[int64]bool // announced and not reported; true: it may share blocks by now

	linked, skipped, failed, freed atomic.Int64
}

func newApplier(plan *decide.Plan, opts ApplyOptions) *applier {
	res := plan.Result()
	return &applier{plan: plan, res: res, opts: opts, here: absolute(""), opener: res.Tree.NewOpener(), dirIDs: map[scan.Dir]scan.ID{}, pending: map[int64]bool{}}
}

// work does jobs until there are no more. Once ctx has ended it only takes them.
func (a *applier) work(ctx context.Context, jobs <-chan *job) {
	for j := range jobs {
		if !a.halted(ctx) {
			a.do(ctx, j)
		}
	}
}

// report counts an outcome, tells it, and notes it in the journal.
func (a *applier) report(in intent, freed int64, r *refusal) {
	out := Outcome{Name: in.name, Path: a.res.Tree.Path(in.name), Freed: freed}
	if r != nil {
		out.Kind, out.Reason, out.Err = r.kind, r.reason, r.err
	}
	a.count(&out)
	_, stuck := errors.AsType[*stuckError](out.Err)
	a.mu.Lock()
	delete(a.pending, in.seq)
	a.mu.Unlock()
	a.opts.Journal.Append(journal.Record{Done: &journal.Done{Seq: in.seq, Freed: freed, Reason: out.Reason, Stuck: stuck}})
	if a.opts.OnOutcome != nil {
		a.opts.OnOutcome(out)
	}
}

func (a *applier) count(out *Outcome) {
	switch out.Kind {
	case Linked:
		a.linked.Add(1)
	case Skipped:
		a.skipped.Add(1)
	case Failed:
		a.failed.Add(1)
	}
	a.freed.Add(out.Freed)
}

// finish closes the run in the journal.
func (a *applier) finish(err error) (ApplyTotals, error) {
	t := ApplyTotals{
		Linked: a.linked.Load(), Skipped: a.skipped.Load(), Failed: a.failed.Load(),
		Freed: a.freed.Load(),
	}
	a.closePending()
	a.opts.Journal.Append(journal.Record{End: endRecord(t, err == nil)})
	return t, cmp.Or(a.opts.Journal.Sync(), err) // that a run was to end hides nothing
}

// closePending notes what a run that was stopped had announced and did not come to: there is
// nothing of that to take back.
func (a *applier) closePending() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, seq := range slices.Sorted(maps.Keys(a.pending)) {
		a.opts.Journal.Append(journal.Record{Done: &journal.Done{Seq: seq, Reason: ReasonInterrupted, Stuck: a.pending[seq]}})
	}
}

// keepPending notes a name that is not reported yet.
func (a *applier) keepPending(seq int64, shares bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pending[seq] = shares
}
