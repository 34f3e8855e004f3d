//go:build docs

package main

import (
	"os"
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
	root.Long = rootHelp + "\n# EXIT STATUS\n\n" + exitRows() + manFiles + manEnvironment
	toMarkdown(root)
	return doc.GenManTree(root, &doc.GenManHeader{
		Section: "1", Source: "oneinode " + buildVersion(), Manual: "oneinode", Date: &date,
	}, dir)
}

const manFiles = `
# FILES

  /etc/oneinode/*.toml        jobs of the machine; for others than root also
                              $XDG_CONFIG_HOME/oneinode/*.toml (~/.config)
  /var/lib/oneinode           journals and locks of root (--state-dir); they are
                              kept until they are removed
  $XDG_STATE_HOME/oneinode    those of others, else ~/.local/state/oneinode
  /var/cache/oneinode         digests of root (--cache-dir); can always be removed
  $XDG_CACHE_HOME/oneinode    those of others, else ~/.cache/oneinode
  .nodedupe                   a directory that holds it is left alone
`

const manEnvironment = `
# ENVIRONMENT

  XDG_STATE_HOME, XDG_CACHE_HOME, XDG_CONFIG_HOME    see FILES; not for root
  ONEINODE_STATE_DIR    as --state-dir, where that is not given
  NO_COLOR              no colours, unless --color always
  TERM                  dumb: no colours, and no line of progress
  GOGC                  how much garbage may gather in memory, in percent
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

// toMarkdown makes the help texts, which are made for terminals, into the
// Markdown that becomes the page: what is indented stays as it is.
func toMarkdown(cmd *cobra.Command) {
	var out []string
	verbatim := false
	escape := strings.NewReplacer("*", `\*`, "_", `\_`, "<", `\<`)
	for line := range strings.Lines(cmd.Long) {
		line = strings.TrimRight(line, "\n")
		indented := strings.HasPrefix(line, "  ")
		if indented && !verbatim {
			out = append(out, "")
		}
		if verbatim = indented; indented {
			out = append(out, "    "+line)
		} else {
			out = append(out, escape.Replace(line))
		}
	}
	cmd.Long = strings.Join(out, "\n")
	placeholders(cmd.Flags(), escape)
	for _, sub := range cmd.Commands() {
		toMarkdown(sub)
	}
}
