package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
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
	rest       time.Duration           // as dedupe.ApplyOptions.Rest
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
		return r.thoughLinked(err)
	}
	if r.ledger.Failed() > 0 {
		return errIncomplete
	}
	return nil
}

// thoughLinked says of links that cannot be told of that they were made. A reader who has seen
// enough, and who knows what to do, needs no more words.
func (r *run) thoughLinked(err error) error {
	if r.document.Summary.Linked == 0 || errors.Is(err, syscall.EPIPE) || hintOf(err) != "" {
		return err
	}
	return &hintedError{err, "the links were made all the same: " + runsCommand(r.stateDir) + " lists the run"}
}
