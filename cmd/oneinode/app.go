package main

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"os"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/oneinode/oneinode/report"
)

// app is the program's connection to the outside.
type app struct {
	stdin   io.Reader
	stdout  *os.File
	stderr  *os.File
	logJSON bool  // --log-format json
	helped  error // what went wrong with a help or a version, which cobra does not return
	status  atomic.Pointer[func()]
}

// tellStatus says how far the work is, for SIGUSR1. It may be called at any time.
func (a *app) tellStatus() {
	if tell := a.status.Load(); tell != nil {
		(*tell)()
	}
}

// tellLate says what keeps a run that a signal was to end.
func (a *app) tellLate() {
	a.troubles(a.stderr).Note("the run has not ended yet: much is left to compute, nobody reads the output, or a filesystem does not answer; a second signal ends it at once (umount -f, where the filesystem keeps it even then), and the next run removes the temporary names that this leaves")
}

// run carries a command line out and returns the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	root := newRoot(a)
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		eachCommand(root, plainUsages)
	}
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetErr(a.stderr)
	cmd, err := root.ExecuteContextC(ctx)
	err = cmp.Or(err, a.helped)
	if fault := untold(err); fault != nil {
		a.logJSON = a.logJSON || asksForJSON(args)
		a.troubles(a.stderr).Fatal(fault, cmp.Or(hintOf(fault), seeHelp(cmd, fault)))
	}
	return exitCode(err)
}

const rootHelp = `oneinode finds files with equal content and replaces the copies by hard links
to one of them. No path ever vanishes or changes its content on the way. You can
preview every run, and undo it:

  oneinode scan ~/Pictures         find duplicates, and what they cost
  oneinode dedupe -n ~/Pictures    show what would be linked to what
  oneinode dedupe ~/Pictures       do it
  oneinode undo                    undo the last run
`

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:           "oneinode",
		Short:         "find duplicate files and replace them by links",
		Long:          rootHelp + "\n" + exitHelp(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       buildVersion(),
		Args:          noSuchCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(helpWriter{a})
	root.SetVersionTemplate(versionLine())
	root.SetFlagErrorFunc(flagFault)
	root.SetHelpFunc(a.help(root.HelpFunc()))
	divideFlags(root, report.Width(a.stdout))
	root.Flags().Bool("version", false, "show the version") // else cobra takes -v, which means --verbose
	root.AddCommand(newScan(a), newDedupe(a), newRunJob(a), newUndo(a), newSplit(a), newRuns(a), newVerify(a), newReport(a), newCache(a), newVersion(a))
	root.AddCommand(extraCommands()...)
	adopt(root)
	complete(root)
	// Cobra is to know --help before it looks for the command: else it takes the COMMAND in
	// -h COMMAND for the flag's value.
	eachCommand(root, (*cobra.Command).InitDefaultHelpFlag)
	return root
}

// eachCommand is for a command and all below it.
func eachCommand(cmd *cobra.Command, do func(*cobra.Command)) {
	do(cmd)
	for _, below := range cmd.Commands() {
		eachCommand(below, do)
	}
}

// adopt adds cobra's own commands, and has them say what this program's would.
func adopt(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "completion":
			ownCompletion(cmd)
		case "help":
			cmd.Short, cmd.Long = "show the help of a command", "Help shows what a command does and which flags it has, as COMMAND --help does."
			cmd.Run, cmd.RunE = nil, helpAbout
		}
	}
}

func ownCompletion(completion *cobra.Command) {
	completion.Short = "print a completion script for a shell"
	completion.Long = "Completion prints a script with which a shell completes commands, flags and\ntheir values. The help of each shell's command says how to load it."
	completion.Args, completion.RunE = needsShell, func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	for _, shell := range completion.Commands() {
		shell.Short, shell.Args = "print the script for "+shell.Name(), noArguments
		if shell.Name() == "fish" {
			shell.RunE = fishScript
		}
	}
}

// fishScript mends cobra's script (1.10.2): where the one word left begins with dashes, as of
// --match=owner,g, fish's string split takes it for a flag of its own.
func fishScript(cmd *cobra.Command, _ []string) error {
	bare, _ := cmd.Flags().GetBool("no-descriptions")
	var script bytes.Buffer
	if err := cmd.Root().GenFishCompletion(&script, !bare); err != nil {
		return err
	}
	mended := bytes.ReplaceAll(script.Bytes(), []byte(`string split --max 1 \t `), []byte(`string split --max 1 -- \t `))
	_, err := cmd.OutOrStdout().Write(mended)
	return err
}

func needsShell(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("no completion for %q: one of bash, fish, powershell, zsh", args[0])
	}
	return nil
}

func addFlags(cmd *cobra.Command, options interface{ addFlags(*pflag.FlagSet) }) {
	cmd.Flags().SortFlags = false // the help shows them in the order in which they belong together
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		return cmp.Or(refuseEmptyFlags(cmd.Flags()), refuseTildes(cmd.Flags()))
	}
	options.addFlags(cmd.Flags())
}
