package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/report"
	"github.com/oneinode/oneinode/report/output"
	"github.com/oneinode/oneinode/report/runs"
)

const runsHelp = `Runs lists the runs that have a journal, oldest first: what undo and verify go
by. RUN, or its beginning, is what they take.

A run is complete, or was stopped (by a signal, a limit or a fault) or killed
(it has not said how it ended; undo takes back what it had done); it is running,
undone, or partly undone. NAMES are those that it has linked, or given a copy of
their own (split). WHERE are its PATHs.`

type runsOptions struct {
	stateFlag
	format parsed[report.Format]
}

func newRuns(a *app) *cobra.Command {
	opts := runsOptions{format: newChoice("FORMAT", report.FormatText, textOrJSON())}
	cmd := &cobra.Command{
		Use:        "runs [flags]",
		SuggestFor: []string{"history", "log", "list"},
		Short:      "list past runs: when, where, what was linked, undone or not",
		Long:       runsHelp,
		Args:       noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return output.Until(cmd.Context(), func() error { return runRuns(a, opts) })
		},
	}
	addFlags(cmd, &opts)
	return cmd
}

func (o *runsOptions) addFlags(f *pflag.FlagSet) {
	f.Var(&o.format, "format", "format of the list: text, json")
	o.stateFlag.addFlags(f)
}

// runRuns lists what there is; a journal that cannot be read is told, and makes
// the list incomplete.
func runRuns(a *app, opts runsOptions) error {
	dir, err := opts.existing()
	if err != nil {
		return err
	}
	journals, unread := journal.List(dir)
	if unread != nil && len(journals) == 0 {
		return stateFault(unread) // that there are none would be a guess
	}
	if err := runs.List(a.stdout, dir, journals, opts.format.value == report.FormatJSON, report.Width(a.stdout)); err != nil {
		return stdoutFault(err)
	}
	if unread != nil {
		a.troubles(a.stderr).Fatal(unread, "")
		return errIncomplete
	}
	return nil
}
