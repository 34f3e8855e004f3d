package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/report/show"
	"github.com/oneinode/oneinode/report/talk"
	"github.com/oneinode/oneinode/scan"
)

// apply carries a plan out, the journal first, and notes each outcome. Without
// anything to do there is no journal either.
func (r *run) apply(ctx context.Context, plan *decide.Plan) error {
	defer r.clock(&r.facts.Seconds.Link)()
	names := plan.Totals().Replacements
	if names == 0 {
		return nil
	}
	w, err := journal.Create(r.stateDir, beginRecord(r.facts.Run.ID, journal.KindDedupe, r.tree))
	if err != nil {
		return journalFault(err)
	}
	r.outputs.style.Next = undoCommand(r.facts.Run.ID, r.stateGiven)
	r.progress.BeginNames(talk.Linking, names)
	tuneGC(gcPercentApply)
	defer tuneGC(gcPercentFind)
	_, err = dedupe.Apply(ctx, plan, dedupe.ApplyOptions{
		Barrier: r.barrier, Journal: w, Run: dedupe.TemporaryRun(r.facts.Run.ID), Bytes: r.bytes,
		Workers: r.threads, Rest: r.rest, OnOutcome: r.onOutcome, OnKeeper: r.onKeeper, OnUnguarded: r.onUnguarded,
	})
	err = cmp.Or(err, w.Close())
	r.keepDigests()
	return fullFault(err)
}

// journalFault says what can be done when nothing may be changed for want of a
// journal: a full disk may well be why somebody is here.
func journalFault(err error) error { return &hintedError{err, hintState(err)} }

// hintState says which other directory will do for journals and locks.
func hintState(err error) string {
	unable := func(no error) bool { return errors.Is(err, no) }
	switch {
	case talk.HintLimit(err) != "":
		return talk.HintLimit(err)
	case isFull(err):
		return "name a directory on a filesystem with room with --state-dir"
	case slices.ContainsFunc([]error{syscall.ENOLCK, syscall.ENOSYS, syscall.ENOTSUP, syscall.EINVAL, syscall.EIO}, unable):
		return "name a directory on another filesystem with --state-dir" // as where a server keeps no locks (NFS)
	}
	return "name a directory of your own that you may write to with --state-dir"
}

// fullFault says what can be done when a journal cannot grow in the middle of the work: the one file whose
// error comes here. That copies cannot be flushed says where by itself.
func fullFault(err error) error {
	mend := talk.HintLimit(err)
	if isFull(err) {
		mend = "make room there"
	}
	if _, isJournal := errors.AsType[*fs.PathError](err); mend == "" || !isJournal {
		return err
	}
	return &hintedError{fmt.Errorf("cannot continue the journal: %w", err), mend + "; then run it again: the journal has every change made so far"}
}

// undoCommand takes a run back.
func undoCommand(id, stateGiven string) string {
	words := []string{"oneinode", "undo"}
	if stateGiven != "" {
		words = append(words, "--state-dir", stateGiven)
	}
	return show.ShellCommand(append(words, id)...)
}

// beginRecord opens the journal. The roots are absolute, so that an undo can
// open what lies below them without following any symbolic link.
func beginRecord(id, kind string, tree *scan.Tree) journal.Begin {
	host, _ := os.Hostname() // for the reader only
	b := journal.Begin{
		Version: journal.Version, Run: id, Kind: kind, Tool: "oneinode " + buildVersion(), Host: host, PID: os.Getpid(),
		Started: time.Now().UTC(), Command: os.Args,
	}
	for _, top := range tree.Tops() {
		if abs, err := scan.Absolute(top); err == nil {
			b.Roots = append(b.Roots, journal.Path(abs))
		}
	}
	return b
}

// clean removes what killed runs left in the tree.
func (r *run) clean(ctx context.Context) {
	dedupe.Clean(ctx, r.tree, r.stateDir, func(c dedupe.Cleaned) {
		if c.Reason != "" {
			r.onSkip(scan.Skip{Path: c.Path, Reason: c.Reason, Err: c.Err})
		}
	})
}

// onUnguarded says once for a filesystem which guard is missing there. That is so every
// night, and -q would send a mail of each.
func (r *run) onUnguarded(u dedupe.Unguarded) {
	if r.quiet {
		return
	}
	missing := "files cannot be leased here: programs that have a file open for writing are not seen; every pair is compared byte for byte instead"
	switch {
	case u.Foreign:
		missing = "files of other owners cannot be leased by this user (CAP_LEASE): programs that have such a file open for writing are not seen; what it is linked with is compared byte for byte instead"
		if os.Geteuid() != 0 {
			missing += "; only root can give such a file back its owner when the run is undone"
		}
	case u.Type == "overlay":
		missing = "programs that have closed a file but keep it mapped for writing are not seen here: work on the layers' own filesystem where you can"
	}
	r.troubles.Note(nameOfMount(&u.Filesystem) + ": " + missing)
}

// onOutcome is the callback of the replaces.
func (r *run) onOutcome(o dedupe.Outcome) {
	r.ledger.Outcome(o)
	r.progress.OnOutcome(o)
	r.troubles.Outcome(o)
	if o.Kind == dedupe.Linked && r.outputs.style.Verbose {
		r.troubles.Linked(o)
	}
}
