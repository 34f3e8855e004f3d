package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/report/runs"
	"github.com/oneinode/oneinode/report/show"
)

// copyFlags are those of undo, and what split has besides its own.
type copyFlags struct {
	pastFlags
	lockFlag
	dryRun, verbose bool
}

func newCopyFlags() copyFlags { return copyFlags{pastFlags: newPastFlags(), lockFlag: newLock()} }

func (o *copyFlags) addFlags(f *pflag.FlagSet) {
	f.BoolVarP(&o.dryRun, "dry-run", "n", false, "show what would be done and how much space it needs; change nothing")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print nothing when all goes well")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "also list every path that already has its own copy")
	o.stateFlag.addFlags(f)
	o.lockFlag.addFlags(f)
	o.watchFlags.addFlags(f)
}

// tellNeeds says what copies take, and whether there is room.
func (w *watched) tellNeeds(run string, needs []dedupe.Need) error {
	if !w.quiet {
		if err := runs.Needs(w.app.prose(), run, needs); err != nil {
			return fmt.Errorf("%v: no file was changed", stdoutError(err)) // a closed pipe has to be told, too
		}
	}
	return checkRoom(needs)
}

// checkRoom refuses when the copies do not fit, and says how much they take.
func checkRoom(needs []dedupe.Need) error {
	for _, n := range needs {
		if !n.Fits() {
			return &hintedError{
				fmt.Errorf("the copies need %s, but only %s are free on the filesystem of %s", show.Size(n.Bytes), show.Size(n.Free), show.Quote(cmp.Or(n.Dir, "?"))),
				"make room, or give single paths their own copy with oneinode split"}
		}
	}
	return nil
}

// tellPath is the callback of undo and split.
func (w *watched) tellPath(verbose bool) func(dedupe.UndoOutcome) {
	t := w.troubles
	return func(o dedupe.UndoOutcome) {
		w.progress.OnCopy(o)
		switch {
		case !o.IsApart() || verbose && o.Reason != "":
			t.Path(o.Path, o.Reason, o.Err)
		case verbose && len(o.Changed) > 0:
			t.Path(o.Path, "changed since the run, and kept as it is now: "+strings.Join(o.Changed, ", "), nil)
		}
	}
}

// tellCopies ends undo and split.
func (w *watched) tellCopies(ctx context.Context, t dedupe.UndoTotals, err error, opts copyFlags) error {
	var unwritten error
	if !w.quiet {
		unwritten = stdoutFault(runs.Copies(w.app.prose(), t, opts.verbose))
	}
	if err != nil {
		return errors.Join(fullFault(causeOf(ctx, err)), unwritten)
	}
	return cmp.Or(unwritten, isComplete(t))
}

// tellRehearsal ends their dry runs.
func (w *watched) tellRehearsal(ctx context.Context, t dedupe.UndoTotals, err error, opts copyFlags) error {
	if err != nil {
		return causeOf(ctx, err)
	}
	if !w.quiet {
		if err := runs.WouldCopy(w.app.prose(), t, opts.verbose); err != nil {
			return stdoutFault(err)
		}
	}
	return isComplete(t)
}

// isComplete is an error where paths still share a file.
func isComplete(t dedupe.UndoTotals) error {
	if t.Failed > 0 || t.Joined > 0 {
		return errIncomplete
	}
	return nil
}
