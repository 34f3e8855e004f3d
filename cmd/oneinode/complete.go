package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/report/show"
)

// complete tells the shells what may stand behind each flag and each command.
func complete(root *cobra.Command) {
	eachCommand(root, completeFlags)
	for words, completion := range map[string]cobra.CompletionFunc{
		"undo":   completeRuns((*journal.Info).Stands),
		"verify": completeRuns(func(i *journal.Info) bool { return i.Kind == journal.KindDedupe }),
		"run":    completeJobs,
		"report": cobra.FixedCompletions([]string{"json", "ndjson"}, cobra.ShellCompDirectiveFilterFileExt),
		"runs":   cobra.NoFileCompletions, "version": cobra.NoFileCompletions,
		"cache info": cobra.NoFileCompletions, "cache prune": cobra.NoFileCompletions, "cache clear": cobra.NoFileCompletions,
	} {
		if cmd, _, err := root.Find(strings.Fields(words)); err == nil {
			cmd.ValidArgsFunction = completion
		}
	}
}

func completeFlags(cmd *cobra.Command) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if completion := completionOf(f); completion != nil {
			_ = cmd.RegisterFlagCompletionFunc(f.Name, completion) // fails only for a flag that is not there
		}
	})
}

// plainUsages takes the quotes off that tell the help which word is the value: shells
// would show them.
func plainUsages(cmd *cobra.Command) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) { _, f.Usage = pflag.UnquoteUsage(f) })
}

// completionOf goes by the words that a flag knows, else by what the help calls
// its value; nil leaves it to the shell, which offers files.
func completionOf(f *pflag.Flag) cobra.CompletionFunc {
	kind, _ := pflag.UnquoteUsage(f)
	if v, ok := f.Value.(offering); ok && len(v.offers()) > 0 {
		if kind == kindList {
			return completeList(v)
		}
		return cobra.FixedCompletions(v.offers(), cobra.ShellCompDirectiveNoFileComp)
	}
	switch kind {
	case "DIR":
		return cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
	case "N", "SIZE", "RATE", "DURATION":
		return cobra.NoFileCompletions
	}
	return nil
}

// offering is a flag that knows its words.
type offering interface {
	offers() []string
	takes(word string) bool
}

// completeList completes the last word of a list with commas.
func completeList(v offering) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		before := typed[:strings.LastIndexByte(typed, ',')+1]
		var list []string
		for _, w := range v.offers() {
			if v.takes(before+w) && !slices.Contains(strings.Split(before, ","), w) {
				list = append(list, before+w)
			}
		}
		return list, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
}

// completeRuns offers the runs that want accepts, the latest first.
func completeRuns(want func(*journal.Info) bool) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) (list []string, _ cobra.ShellCompDirective) {
		given, _ := cmd.Flags().GetString("state-dir")
		dir, err := stateDir(given)
		if err != nil || len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		journals, _ := journal.List(dir) // those that cannot be read are told by the command itself
		for _, j := range slices.Backward(journals) {
			if i := &j.Info; want(i) {
				list = append(list, cobra.CompletionWithDesc(i.Run, fmt.Sprintf("%s, %s", show.Counted(i.Linked, "name", "names"), show.Size(i.Freed))))
			}
		}
		return list, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}

func completeJobs(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	file, _ := cmd.Flags().GetString("config")
	jobs := readJobs(file) // what cannot be taken is told by the command itself
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	maps.DeleteFunc(jobs.named, func(_ string, job *jobConfig) bool { return job.fault != nil })
	return jobs.names(), cobra.ShellCompDirectiveNoFileComp
}
