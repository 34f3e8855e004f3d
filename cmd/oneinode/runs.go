package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/report"
	"github.com/oneinode/oneinode/report/output"
	"github.com/oneinode/oneinode/report/runs"
)

const runsHelp = `Runs lists the runs that have a journal, oldest first. undo and verify take RUN,
or its first characters.

STATE is one of:
  running         a process is still at work on it
  complete        ended normally
  stopped         ended early, by a signal, a limit or an error
  killed          ended without a record; undo reverses what it had done
  partly undone   undo left some paths as they were
  undone          undo has dealt with every path

NAMES counts the names that the run linked, or that split gave their own copy.
WHERE shows the PATHs.`

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
