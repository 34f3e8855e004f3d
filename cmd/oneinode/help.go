package main

import (
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/oneinode/oneinode/report"
	"github.com/oneinode/oneinode/report/show"
)

// helpWriter is where cobra writes help, version and completions. It ignores most
// errors of a write; here they are remembered, and end the program.
type helpWriter struct{ *app }

func (w helpWriter) Write(text []byte) (int, error) {
	if w.helped == nil {
		_, err := w.stdout.Write(text)
		w.helped = stdoutFault(err)
	}
	return len(text), nil
}

// help wraps cobra's own, which would show the help of the command above for
// words that are no command.
func (a *app) help(show func(*cobra.Command, []string)) func(*cobra.Command, []string) {
	return func(cmd *cobra.Command, args []string) {
		if cmd.HasSubCommands() {
			if a.helped = cmd.ValidateArgs(cmd.Flags().Args()); a.helped != nil {
				return
			}
		}
		cmd.Long = reflowed(cmd.Long, report.Width(a.stdout))
		show(cmd, args)
	}
}

// setFor is how wide the words of the help are set.
const setFor = 80

// reflowed breaks the paragraphs of a help for a terminal of fewer columns, which would do
// so within words. Commands and lists, which are indented, stay as they are.
func reflowed(text string, columns int) string {
	if columns <= 0 || columns >= setFor {
		return text
	}
	paragraphs := strings.Split(text, "\n\n")
	for i, p := range paragraphs {
		if !strings.HasPrefix(p, " ") && !strings.Contains(p, "\n ") {
			paragraphs[i] = report.Fold(strings.ReplaceAll(p, "\n", " "), columns, "\n")
		}
	}
	return strings.Join(paragraphs, "\n\n")
}

// headingKey is the annotation of a flag that says below which heading the help shows it.
const headingKey = "oneinode_heading"

// below adds flags that the help shows below a heading of their own.
func below(heading string, f *pflag.FlagSet, add func(*pflag.FlagSet)) {
	part := newPart(heading)
	add(part)
	part.VisitAll(func(flag *pflag.Flag) { flag.Annotations = map[string][]string{headingKey: {heading}} })
	f.AddFlagSet(part)
}

func newPart(heading string) *pflag.FlagSet {
	part := pflag.NewFlagSet(heading, pflag.ContinueOnError)
	part.SortFlags = false
	return part
}

// divideFlags has the help show flags below their headings, and break what it says of
// them at the edge of a terminal of so many columns, each line under the one before; 0
// breaks nothing.
func divideFlags(root *cobra.Command, columns int) {
	cobra.AddTemplateFunc("flagParts", flagParts)
	cobra.AddTemplateFunc("heading", (*pflag.FlagSet).Name)
	whole, part := "Flags:\n{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}", "{{range $i, $part := flagParts .LocalFlags}}{{if $i}}\n\n{{end}}"+
		"{{heading .}}:\n{{.FlagUsagesWrapped "+strconv.Itoa(columns)+" | trimTrailingWhitespaces}}{{end}}"
	root.SetUsageTemplate(strings.Replace(root.UsageTemplate(), whole, part, 1))
}

// flagParts divides flags by their headings. Those without one come first.
func flagParts(flags *pflag.FlagSet) []*pflag.FlagSet {
	parts := []*pflag.FlagSet{newPart("Flags")}
	flags.VisitAll(func(flag *pflag.Flag) {
		heading := append(flag.Annotations[headingKey], "Flags")[0]
		i := slices.IndexFunc(parts, func(p *pflag.FlagSet) bool { return p.Name() == heading })
		if i < 0 {
			i, parts = len(parts), append(parts, newPart(heading))
		}
		parts[i].AddFlag(flag)
	})
	return parts
}

// helpAbout is oneinode help COMMAND.
func helpAbout(cmd *cobra.Command, args []string) error {
	about, rest, err := cmd.Root().Find(args)
	if err != nil {
		return &hintedError{usageError{err}, seePage(cmd.Root())}
	}
	if about.HasSubCommands() {
		if err := about.ValidateArgs(rest); err != nil {
			return err
		}
	} else if len(rest) > 0 {
		return usage("help takes one command, but %q was given, too", rest[0])
	}
	return about.Help()
}

// noSuchCommand refuses words that are no command; cobra itself would give them
// no exit code of their own. Who names a file has forgotten the command.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := meant(cmd, args[0], "") + seePage(cmd)
	if _, missing := os.Lstat(args[0]); missing == nil && !cmd.HasParent() {
		hint += "; to look for duplicates: oneinode scan " + show.ShellQuote(args[0])
	}
	return &hintedError{usage("unknown command %q", args[0]), hint}
}

// near is how many letters may be wrong in a word that is taken for another.
const near = 2

// meant asks whether one of cmd's sub-commands was meant, "" if none is near.
func meant(cmd *cobra.Command, word, dashes string) string {
	cmd.SuggestionsMinimumDistance = near
	names := cmd.SuggestionsFor(word)
	if word == "" || len(names) == 0 {
		return ""
	}
	return "did you mean " + dashes + strings.Join(names, " or "+dashes) + "? "
}

// asCommands dresses words as commands, for cobra to find near ones among them.
func asCommands(words []string) *cobra.Command {
	names := &cobra.Command{}
	for _, w := range words {
		names.AddCommand(&cobra.Command{Use: w, Run: func(*cobra.Command, []string) {}})
	}
	return names
}

func flagNames(cmd *cobra.Command) *cobra.Command {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return asCommands(names)
}
