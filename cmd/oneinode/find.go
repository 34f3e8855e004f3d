package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/lock"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/hash/cache"
	"github.com/oneinode/oneinode/report"
	"github.com/oneinode/oneinode/report/live"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
	"github.com/oneinode/oneinode/report/talk"
	"github.com/oneinode/oneinode/scan"
)

// job is one run of scan or dedupe: everything that the words came to.
type job struct {
	selection  selection
	policy     decide.Policy
	outputs    outputs
	threads    int // 0 = chosen by each stage
	device     hash.Device
	cache      *cache.Cache            // nil = none
	cacheGiven bool                    // --cache-dir
	action     string                  // as schema.Run.Action
	digests    bool                    // give every set its digest
	stateDir   string                  // for journals and locks; dedupe only
	stateGiven string                  // --state-dir as given
	bytes      bool                    // compare again byte for byte before a replace
	wishes     map[scan.ID]dedupe.Wish // of a saved scan, else nil
	lockWait   time.Duration
	outside    bool   // look for names outside the PATHs
	next       string // command that goes on from here
	pace       pace
}

// run is a job at work.
type run struct {
	job
	*watched
	ledger    *live.Ledger
	facts     live.Facts
	barrier   dedupe.Barrier // for dedupe only
	tree      *scan.Tree
	locks     *lock.Set // for dedupe only
	keepers   keepers
	cacheTold sync.Once
	budget    *budget // from find on
	failed    bool    // it was no limit and no signal that ended the replaces
	decided   atomic.Int64
	began     time.Time
	document  *schema.Document // what was told
}

func newRun(a *app, j job) *run {
	r := &run{
		job: j, watched: a.watch(j.outputs.watchFlags, j.outputs.quiet),
		ledger: &live.Ledger{KeepAll: report.ListsSkipped(j.outputs.formats()...)},
		began:  time.Now(),
	}
	r.outputs.style.Next = j.next
	r.facts.Tool = schema.Tool{Name: "oneinode", Version: buildVersion()}
	r.facts.Run = newFacts(j)
	r.facts.Measure = report.SavesScans(j.outputs.formats()...)
	return r
}

// newFacts describes the run as it begins. What the system does not tell stays
// empty: it is for the reader of a report only.
func newFacts(j job) schema.Run {
	host, _ := os.Hostname()
	facts := schema.Run{
		ID: newRunID(), Host: host, Command: show.ShellCommand(os.Args...),
		Started: schema.TimeOf(time.Now()), Action: j.action, Match: j.policy.Match.Words(),
	}
	if j.policy.Link != decide.LinkHard {
		facts.Link = j.policy.Link.String()
	}
	facts.Absolute = j.policy.Absolute
	switch j.policy.Link {
	case decide.LinkReflink:
		facts.Match = j.policy.MatchReflink.Words()
	case decide.LinkAuto:
		facts.MatchReflink = j.policy.MatchReflink.Words()
	}
	if dir, err := os.Getwd(); err == nil {
		path := schema.NewPath(dir)
		facts.Directory = &path
	}
	return facts
}

// newRunID returns the start of the run, which sorts, and 8 hex digits that mark
// all that it makes.
func newRunID() string {
	var id [4]byte
	_, _ = rand.Read(id[:]) // never fails: crypto/rand
	return time.Now().UTC().Format("20060102T150405Z") + "-" + hex.EncodeToString(id[:])
}

// close ends what the run holds open.
func (r *run) close() {
	r.watched.close()
	if r.budget != nil {
		r.budget.release()
	}
	if r.tree != nil {
		r.tree.Close()
	}
	if r.locks != nil {
		r.locks.Release()
	}
}

func (r *run) onSkip(s scan.Skip) {
	r.ledger.Skip(s)
	r.troubles.Skip(s)
}

// find scans, reads and decides.
func (r *run) find(ctx context.Context) (*decide.Plan, error) {
	for _, s := range r.selection.missing {
		r.onSkip(s)
	}
	r.budget = newBudget(ctx, r.pace)
	r.beBackground()
	// A run that has to wait does so before it looks at anything.
	if err := r.lock(ctx, rootDevices(r.selection.roots)); err != nil {
		return nil, err
	}
	if err := r.scan(r.budget.reading); err != nil && (ctx.Err() != nil || !r.stoppedBy(r.budget.reading)) {
		return nil, scanFault(err)
	}
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	res, err := r.hash(r.budget.reading)
	if err != nil && (ctx.Err() != nil || r.undecided(res) > 0 && !r.stoppedBy(r.budget.reading)) {
		return nil, err
	}
	return r.decide(ctx, res)
}

// checkWays refuses PATHs that an undo would not follow.
func (r *run) checkWays() error {
	var ways scan.Ways
	for _, top := range r.tree.Tops() {
		path, err := scan.Absolute(top)
		if err == nil {
			_, err = ways.Follow(path)
		}
		if foreign, ok := errors.AsType[*scan.ForeignLinkError](err); ok {
			return &hintedError{foreign, "undo would not follow it: give the PATH that it leads to"}
		}
	}
	return nil
}

// prepare makes the filesystems that the scan has met ready for links.
func (r *run) prepare(ctx context.Context) error {
	if r.action == schema.ActionDedupe {
		if err := r.checkWays(); err != nil {
			return err
		}
		if err := r.lock(ctx, treeDevices(r.tree)); err != nil {
			return err
		}
		r.clean(ctx)
		r.progress.Begin(talk.Flushing) // minutes, where much was just copied to a slow disk
		r.barrier = dedupe.Settle(r.tree)
	}
	return r.checkLinks()
}

func (r *run) decide(ctx context.Context, res *hash.Result) (*decide.Plan, error) {
	if r.wishes != nil {
		dedupe.Narrow(res, r.wishes, r.onSkip)
	}
	r.progress.Begin(talk.Deciding)
	defer r.progress.Pause()
	return decide.NewPlan(ctx, res, r.policy, dedupe.Measure(ctx, res, r.policy))
}

// undecided is how many candidates were not read to their end: none, although a limit
// was reached, where the very last read has reached it.
func (r *run) undecided(res *hash.Result) int64 {
	return max(0, res.Candidates-r.decided.Load())
}

// lock keeps other runs from these filesystems until close; only a dedupe needs that. Who
// waits for another run to the end of --max-duration has nothing left to do.
func (r *run) lock(ctx context.Context, devices []uint64) error {
	if r.action != schema.ActionDedupe {
		return nil
	}
	if r.locks == nil {
		r.locks = r.newLocks(r.stateDir)
	}
	wait := r.lockWait
	if r.pace.duration > 0 {
		wait = max(0, min(wait, r.pace.duration-time.Since(r.began)))
	}
	return takeLocks(ctx, r.locks, devices, wait, lockFault)
}

func (r *run) scan(ctx context.Context) error {
	defer r.clock(&r.facts.Seconds.Scan)()
	r.progress.Begin(talk.Scanning)
	tuneGC(gcPercentWalk)
	defer tuneGC(gcPercentFind)
	opts := r.selection.options
	opts.Walkers, opts.Symlinks = r.threads, r.policy.Link == decide.LinkSymlink
	opts.OnDir, opts.OnFiles, opts.OnSkip = r.progress.OnDir, r.progress.OnFiles, r.onSkip
	tree, err := scan.Scan(ctx, r.selection.roots, opts)
	r.tree = tree
	return err
}

func (r *run) hash(ctx context.Context) (*hash.Result, error) {
	defer r.clock(&r.facts.Seconds.Hash)()
	r.progress.Begin(talk.Hashing)
	return hash.Find(ctx, r.tree, hash.Options{
		Workers: r.threads, Device: r.device, Digests: r.digests, Idle: r.action == schema.ActionScan,
		Group: r.policy.Group(r.tree.Filesystems()), Wanted: r.policy.Concerns(r.tree),
		Cache: r.cache, Confirm: r.confirm(), OnCache: r.onCache,
		BestFirst: r.budget.limited(), Throttle: r.budget.throttle(),
		OnCandidates: r.progress.OnCandidates, OnRead: r.onRead,
		OnDone: r.onDone, OnSkip: r.onSkip,
	})
}

// clock measures until the returned function is called, and adds that.
func (r *run) clock(into *float64) func() {
	start := time.Now()
	return func() { *into += time.Since(start).Round(time.Microsecond).Seconds() }
}

// tell writes the result and returns how the run ended. A signal does not keep it from the files,
// and ends what nobody reads; where one has ended the work, the next one does.
func (r *run) tell(ctx context.Context, plan *decide.Plan, complete bool) error {
	if ctx.Err() != nil {
		ctx = context.WithoutCancel(ctx)
	}
	r.progress.Close()
	r.facts.Run.Finished = schema.TimeOf(time.Now())
	r.facts.Run.Complete = complete
	if !complete {
		r.facts.Run.Resumes = r.goesOn()
		r.facts.Left = r.undecided(plan.Result())
	}
	src := live.New(plan, r.facts, r.ledger)
	doc := src.Document()
	r.document = &doc
	r.troubles.End(&doc)
	if err := r.outputs.writeResult(ctx, r.app.stdout, src); err != nil {
		return err
	}
	if r.ledger.Failed() > 0 {
		return errIncomplete
	}
	return nil
}
