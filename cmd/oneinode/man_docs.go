//go:build docs

package main

import (
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
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
	toMarkdown(root)
	return doc.GenManTree(root, &doc.GenManHeader{
		Section: "1", Source: "oneinode " + buildVersion(), Manual: "oneinode", Date: &date,
	}, dir)
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
	for _, sub := range cmd.Commands() {
		toMarkdown(sub)
	}
}
