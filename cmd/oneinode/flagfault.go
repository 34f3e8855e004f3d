package main

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/oneinode/oneinode/report/show"
)

// flagFault says in this program's words what pflag found wrong with a flag.
func flagFault(cmd *cobra.Command, err error) error {
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		return cmp.Or(noSuchCommandBefore(cmd), unknownFlag(cmd, unknown))
	}
	if bare, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		kind, _ := pflag.UnquoteUsage(bare.GetFlag())
		return usage("--%s needs a value: %s", bare.GetFlag().Name, kind)
	}
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return invalidValue(invalid)
	}
	return usageError{err}
}

// noSuchCommandBefore tells of a word that stands where the command does, before a flag that only a
// command could have.
func noSuchCommandBefore(cmd *cobra.Command) error {
	if cmd.HasParent() {
		return nil
	}
	return noSuchCommand(cmd, cmd.Flags().Args())
}

// unknownFlag suggests what may have been meant: a flag that is near, or a file.
func unknownFlag(cmd *cobra.Command, e *pflag.NotExistError) error {
	name, letters := e.GetSpecifiedName(), e.GetSpecifiedShortnames()
	if letters == "" {
		return &hintedError{usage("unknown flag: --%s", name), flagHint(cmd, name, meant(flagNames(cmd), name, "--"))}
	}
	err := usage("unknown flag: -%s", name)
	if name != letters {
		err = usage("unknown flag: -%s in -%s", name, letters)
	}
	if _, missing := os.Lstat("-" + letters); missing == nil {
		return &hintedError{err, "the file of that name is " + show.ShellQuote("./-"+letters)}
	}
	near := meant(flagNames(cmd), letters, "--")
	if strings.Contains(near, " or ") { // one letter is near to many
		near = ""
	}
	if fromElsewhere(letters) != "" { // one word behind one dash, as rdfind has it
		name = letters
	}
	return &hintedError{err, flagHint(cmd, name, near)}
}

// noDryRun is for who wants to be sure: scan needs no flag for that.
func noDryRun(cmd *cobra.Command, name string) string {
	if cmd.Name() == "scan" && slices.Contains([]string{"n", "dry-run", "dryrun", "no-act", "simulate"}, name) {
		return "scan changes nothing anyway; "
	}
	return ""
}

// invalidValue names the flag first, and hides how Go parses a bool.
func invalidValue(e *pflag.InvalidValueError) error {
	if e.GetFlag().Value.Type() == "bool" {
		return usage("--%s: %q is neither true nor false", e.GetFlag().Name, e.GetValue())
	}
	return usage("--%s: %w", e.GetFlag().Name, e.Unwrap())
}

// asksForJSON looks for --log-format json in words that may not have been read to
// their end: a program that reads the lines has to be told what is wrong with the words, too.
func asksForJSON(args []string) (asked bool) {
	for i, arg := range args {
		word, joined := strings.CutPrefix(arg, "--log-format=")
		switch {
		case arg == "--":
			return asked
		case joined:
			asked = word == "json"
		case arg == "--log-format" && i+1 < len(args):
			asked = args[i+1] == "json"
		}
	}
	return asked
}

// refuseEmptyFlags refuses flags that a shell has given nothing: with an empty
// --state-dir the usual one would be taken, which is not what was meant.
func refuseEmptyFlags(flags *pflag.FlagSet) (err error) {
	flags.Visit(func(f *pflag.Flag) {
		if slices.Contains(wordsOf(f), "") {
			kind, _ := pflag.UnquoteUsage(f)
			err = &hintedError{usage("--%s needs a value: %s", f.Name, kind), "a shell variable may be unset"}
		}
	})
	return err
}

// tildeHint is for a ~ that came here as it was typed.
const tildeHint = "the shell replaces ~ by the home directory, but not in quotes and not after =: write the directory out"

// isTilde reports whether a path begins in a directory of the name ~, and there is none.
func isTilde(path string) bool {
	if path != "~" && !strings.HasPrefix(path, "~/") {
		return false
	}
	_, missing := os.Lstat("~")
	return missing != nil
}

// refuseTildes refuses what would make a directory of the name ~, as --state-dir=~/state does in
// many shells.
func refuseTildes(flags *pflag.FlagSet) (err error) {
	flags.Visit(func(f *pflag.Flag) {
		kind, _ := pflag.UnquoteUsage(f)
		if at := slices.IndexFunc(wordsOf(f), isTilde); at >= 0 && (kind == "DIR" || kind == "FILE") {
			err = &hintedError{usage("--%s: %s: there is no directory ~ here", f.Name, show.Quote(wordsOf(f)[at])), tildeHint}
		}
	})
	return err
}

// wordsOf returns what was given for a flag that takes any word.
func wordsOf(f *pflag.Flag) []string {
	if list, repeats := f.Value.(pflag.SliceValue); repeats {
		return list.GetSlice()
	}
	if f.Value.Type() == "string" {
		return []string{f.Value.String()}
	}
	return nil
}

// seeHelp is the hint where a wrong usage has no better one.
func seeHelp(cmd *cobra.Command, err error) string {
	_, isUsage := errors.AsType[usageError](err)
	if _, isFile := errors.AsType[*fs.PathError](err); isFile || !isUsage {
		return "" // the help knows nothing of files
	}
	return seePage(cmd)
}

func seePage(cmd *cobra.Command) string { return "see " + cmd.CommandPath() + " --help" }
