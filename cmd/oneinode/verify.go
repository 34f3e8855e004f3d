package main

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/report/runs"
	"github.com/oneinode/oneinode/report/talk"
)

const verifyHelp = `Verify reads every set of a run again (default: the last run that linked
something and was not undone). It lists the sets whose content has changed since
they were linked, with all paths that share it: a program that writes in place
through one name changes the file under all its names.

Broken symbolic links of the run, whose kept file was moved or removed, come
first. Reflinked files that have changed are listed too, but they have not
changed any other file.

All of these give exit code 3, and so does what cannot be read, as where a
filesystem is not mounted. Paths that were removed, moved or replaced do not.

To give a path its own copy, use oneinode split. To reverse the run, use
oneinode undo.`

type verifyOptions struct{ pastFlags }

func newVerify(a *app) *cobra.Command {
	opts := verifyOptions{newPastFlags()}
	cmd := &cobra.Command{
		Use:   "verify [flags] [RUN]",
		Short: "list sets of a run whose content has changed since then",
		Long:  verifyHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			run, err := atMostOneRun("verify", args)
			if err != nil {
				return err
			}
			return opts.on(cmd.Context(), a, run, "verified", func(w *watched, j *journal.Journal, u *dedupe.Undo, _ string) error {
				return w.verify(cmd.Context(), u, j.Info.End == nil)
			})
		},
	}
	addFlags(cmd, &opts)
	return cmd
}

func (o *verifyOptions) addFlags(f *pflag.FlagSet) {
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print nothing when nothing has changed")
	o.stateFlag.addFlags(f)
	o.watchFlags.addFlags(f)
}

// verify reads the sets of a run and tells what has become of them.
func (w *watched) verify(ctx context.Context, u *dedupe.Undo, killed bool) error {
	stdout := w.app.stdout
	tally := runs.NewChecks(folding{w.progress.Beside(interruptibleWriter{ctx, stdout}), stdout}, w.troubles.Path, w.quiet)
	tally.Killed = killed
	w.progress.BeginNames(talk.Checking, u.Names())
	err := u.Verify(ctx, func(c dedupe.Checked) {
		w.progress.OnChecked(c)
		tally.Set(c)
	})
	w.close()
	if err != nil {
		return causeOf(ctx, err)
	}
	if err := tally.Close(); err != nil {
		return cmp.Or(context.Cause(ctx), stdoutFault(err))
	}
	if tally.Changed > 0 || tally.Unread > 0 || tally.Broken > 0 {
		return errIncomplete
	}
	return nil
}
