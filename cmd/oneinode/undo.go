package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/report/talk"
)

const undoHelp = `Undo reverses a run (default: the last one that linked something and was not
undone). Each path that the run replaced gets its own copy again, with its old
owner, group, mode, times and extended attributes. Names that shared an inode
before share one again. If somebody has changed this metadata since the run, the
path gets the present metadata instead, and undo says so.

Reflinked files get their own blocks again, in place. This takes as much room as
the run had freed. Files in use, setuid files and files of read-only snapshots
stay as they are.

Undo leaves alone and reports, with exit code 3:
  - paths whose content has changed since the run
  - paths that are gone with their directory. The next undo takes the run
    before this one. If the paths come back, give this RUN again.

Paths that no longer share anything need no copy; -v lists them. With -n, undo
reads every path and reports the same, but changes nothing. If an undo was
stopped, start it again.`

func newUndo(a *app) *cobra.Command {
	opts := newCopyFlags()
	cmd := &cobra.Command{
		Use:        "undo [flags] [RUN]",
		SuggestFor: []string{"restore", "revert", "rollback"},
		Short:      "reverse a run: every path gets its own copy again",
		Long:       undoHelp,
		Example:    "  oneinode runs\n  oneinode undo -n\n  oneinode undo 20261122T194346Z",
		RunE: func(cmd *cobra.Command, args []string) error {
			run, err := atMostOneRun("undo", args)
			if err != nil {
				return err
			}
			return opts.on(cmd.Context(), a, run, "undone", func(w *watched, j *journal.Journal, u *dedupe.Undo, stateDir string) error {
				return w.undo(cmd.Context(), j, u, stateDir, opts)
			})
		},
	}
	addFlags(cmd, &opts)
	return cmd
}

// undo takes back what the journal tells of.
func (w *watched) undo(ctx context.Context, j *journal.Journal, u *dedupe.Undo, stateDir string, opts copyFlags) error {
	if opts.dryRun {
		return w.rehearse(ctx, u, j, opts)
	}
	w.progress.Begin(talk.Measuring)
	needs, err := before(ctx, u.Needs)
	if err != nil {
		return err
	}
	exact, scarce, err := w.exactNeeds(ctx, u, needs)
	if err != nil {
		return causeOf(ctx, err)
	}
	w.progress.Pause()
	if err := w.tellNeeds(j.Info.Run, exact); err != nil {
		return err
	}
	locks := w.newLocks(stateDir)
	defer locks.Release()
	if err := takeLocks(ctx, locks, needDevices(needs), opts.wait.value, undoLockFault); err != nil {
		return err
	}
	w.progress.BeginNames(talk.Copying, u.Names())
	totals, err := u.Run(ctx, dedupe.UndoOptions{OnPath: w.tellPath(opts.verbose), Scarce: scarce})
	w.close()
	return w.tellCopies(ctx, totals, err, opts)
}

// exactNeeds reads what the paths share, as -n does, where only that tells whether there
// is room: what has changed since gets no copy.
func (w *watched) exactNeeds(ctx context.Context, u *dedupe.Undo, needs []dedupe.Need) (exact []dedupe.Need, scarce bool, err error) {
	if checkRoom(needs) == nil {
		return needs, false, nil
	}
	w.progress.BeginNames(talk.Checking, u.Names())
	exact, _, err = u.Rehearse(ctx, dedupe.UndoOptions{OnPath: w.progress.OnCopy})
	return exact, true, err
}

// rehearse tells what the undo would do.
func (w *watched) rehearse(ctx context.Context, u *dedupe.Undo, j *journal.Journal, opts copyFlags) error {
	if j.Info.Live {
		return fmt.Errorf("%w: run %s is %w", errLocked, j.Info.Run, journal.ErrLive)
	}
	w.progress.BeginNames(talk.Checking, u.Names())
	needs, totals, err := u.Rehearse(ctx, dedupe.UndoOptions{OnPath: w.tellPath(opts.verbose)})
	w.close()
	if err != nil {
		return causeOf(ctx, err)
	}
	if err := w.tellNeeds(j.Info.Run, needs); err != nil {
		return err
	}
	return w.tellRehearsal(ctx, totals, nil, opts)
}
