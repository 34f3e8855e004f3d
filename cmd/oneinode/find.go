package main

import (
	"context"
	"errors"
	"syscall"
	"time"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/talk"
	"github.com/oneinode/oneinode/scan"
)

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
	plan, err := decide.NewPlan(ctx, res, r.policy, dedupe.Measure(ctx, res, r.policy))
	if err == nil && plan.Totals().Denied > 0 {
		r.tellDenied(plan)
	}
	return plan, err
}

// tellDenied tells of each name that stays since this user lacks a right: others could link it.
func (r *run) tellDenied(plan *decide.Plan) {
	for sp := range plan.Sets() {
		for _, ip := range sp.Inodes {
			if !decide.IsDenied(ip.Reason) {
				continue
			}
			for _, n := range ip.Names {
				if why := plan.WhyDenied(&ip, n); why != "" {
					path := r.tree.Path(n)
					r.ledger.Skip(scan.Skip{Path: path, Reason: why, Err: syscall.EACCES})
					r.troubles.Outcome(dedupe.Outcome{Path: path, Kind: dedupe.Failed, Reason: why, Err: syscall.EACCES})
				}
			}
		}
	}
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
