//go:build docs

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"
)

// extraCommands has what only a build of the documentation needs: it is left out
// of the program that is installed.
func extraCommands() []*cobra.Command {
	return []*cobra.Command{{
		Use:    "man DIR",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return writeMan(cmd.Root(), args[0])
		},
	}}
}

// writeMan writes a page for every command. Its date is SOURCE_DATE_EPOCH, so
// that the same source gives the same pages.
func writeMan(root *cobra.Command, dir string) error {
	seconds, _ := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
	date := time.Unix(seconds, 0).UTC()
	root.DisableAutoGenTag = true
	root.Long = rootHelp
	nameCommands(root)
	root.Long += "\n# EXIT STATUS\n\n" + exitRows() + manFiles + manEnvironment
	eachCommand(root, toMarkdown)
	err := doc.GenManTree(root, &doc.GenManHeader{
		Section: "1", Source: "oneinode " + buildVersion(), Manual: "oneinode", Date: &date,
	}, dir)
	return errors.Join(err, tidyPages(dir))
}

// tidyPages hangs what is said of a flag below it, as manual pages do, and leaves out
// that it is false where it is not given.
func tidyPages(dir string) error {
	pages, err := filepath.Glob(filepath.Join(dir, "*.1"))
	flag := regexp.MustCompile(`(?m)^(?:\.PP\n)?(\\fB-.*?)(\[=false\])?\n\t`)
	for _, page := range pages {
		text, failed := os.ReadFile(page)
		if failed == nil {
			failed = os.WriteFile(page, flag.ReplaceAll(text, []byte(".TP\n$1\n")), 0o644)
		}
		err = errors.Join(err, failed)
	}
	return err
}

// nameCommands has the page of a command with others below it say which there are, as its
// help does.
func nameCommands(cmd *cobra.Command) {
	if !cmd.HasAvailableSubCommands() {
		return
	}
	cmd.Use, cmd.DisableFlagsInUseLine = cmd.Use+" COMMAND", true
	cmd.Long += "\n\n# COMMANDS\n\n"
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() || sub.Name() == "help" {
			cmd.Long += fmt.Sprintf("  %-*s %s\n", sub.NamePadding(), sub.Name(), sub.Short)
			nameCommands(sub)
		}
	}
}

const manFiles = `
# FILES

  /etc/oneinode/*.toml      jobs; for users other than root also
                            $XDG_CONFIG_HOME/oneinode/*.toml (~/.config)
  /var/lib/oneinode         journals and locks of root (--state-dir); kept
                            until you remove them
  $XDG_STATE_HOME/oneinode  those of other users (~/.local/state)
  /var/cache/oneinode       digests of root (--cache-dir); can be removed
  $XDG_CACHE_HOME/oneinode  those of other users (~/.cache)
  .nodedupe                 a directory that holds it is left alone
`

const manEnvironment = `
# ENVIRONMENT

  XDG_STATE_HOME, XDG_CACHE_HOME, XDG_CONFIG_HOME  see FILES; not for root
  ONEINODE_STATE_DIR  used if --state-dir is not given
  ONEINODE_LOCK_WAIT  used by run if neither job nor flag sets --lock-wait
  NO_COLOR            no colours, unless --color always
  TERM                dumb: no colours, and no line of progress
  GOGC                how much garbage may gather in memory, in percent
`

// exitRows is the table of exit codes, without the title that the page has itself.
func exitRows() string {
	_, rows, _ := strings.Cut(exitHelp(), "\n")
	return rows
}

// shown is a flag whose value the page shows by its placeholder, without quotes.
type shown struct{ pflag.Value }

func (shown) Type() string { return "" }

// placeholders puts what the help calls a flag's value where cobra's pages have the
// default, and the default behind the text.
func placeholders(flags *pflag.FlagSet, escape *strings.Replacer) {
	flags.VisitAll(func(f *pflag.Flag) {
		kind, text := pflag.UnquoteUsage(f)
		f.Usage = escape.Replace(text)
		if kind == "" {
			return
		}
		if f.DefValue != "" && f.DefValue != "[]" {
			f.Usage += " (default " + f.DefValue + ")"
		}
		f.DefValue, f.Value = kind, shown{f.Value}
	})
}

// headings has the page show flags below the headings of the help: each stands behind
// what is said of the flag before it.
func headings(cmd *cobra.Command) {
	parts := flagParts(cmd.Flags())
	cmd.ResetFlags()
	cmd.Flags().SortFlags = false
	var last *pflag.Flag
	for i, part := range parts {
		if i > 0 {
			last.Usage += "\n\n### " + part.Name()
		}
		part.VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				last = f
			}
		})
		cmd.Flags().AddFlagSet(part)
	}
}

// toMarkdown makes the help texts, which are made for terminals, into the
// Markdown that becomes the page: what is indented stays as it is.
func toMarkdown(cmd *cobra.Command) {
	var out []string
	verbatim := false
	escape := strings.NewReplacer("*", `\*`, "_", `\_`, "<", `\<`)
	for line := range strings.Lines(cmd.Long) {
		line = strings.TrimRight(strings.Replace(line, "\t", "  ", 1), "\n") // cobra's own have tabs
		indented := strings.HasPrefix(line, "  ")
		if indented && !verbatim {
			out = append(out, "")
		}
		if verbatim = indented; indented {
			out = append(out, "    "+strings.TrimPrefix(line, "  "))
		} else {
			out = append(out, escape.Replace(line))
		}
	}
	cmd.Long = strings.Join(out, "\n")
	placeholders(cmd.Flags(), escape)
	headings(cmd)
}
