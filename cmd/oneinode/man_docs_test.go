//go:build docs

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestManPages needs -tags docs, as the pages do that the package is made with: make
// test gives it.
func TestManPages(t *testing.T) {
	dir := t.TempDir()
	if err := writeMan(newRoot(&app{}), dir); err != nil {
		t.Fatal(err)
	}
	checkPages(t, newRoot(&app{}), dir)
	for page, wanted := range map[string][]string{
		"oneinode.1":                 {`\fBoneinode COMMAND\fP`, ".SH COMMANDS", "\nscan        find duplicate files", ".SH EXIT STATUS", " 10  duplicates", ".SH FILES", "/var/lib/oneinode", ".SH ENVIRONMENT", "XDG_STATE_HOME"},
		"oneinode-completion-bash.1": {"source <(oneinode completion bash)", "/etc/bash_completion.d/oneinode"},
		"oneinode-run.1":             {".SH OPTIONS\n.TP\n\\fB--config\\fP=FILE\ntake", "\\fB--dry-run\\fP\n", ".SS Output\n.TP\n\\fB-o"},
		"oneinode-cache.1":           {`\fBoneinode cache COMMAND\fP`, "\nprune       forget"},
		"oneinode-scan.1":            {`\fB--max-size\fP=SIZE`, `\fB--cache-dir\fP=DIR`, `\fB--keep\fP=WHICH`, "(default most-links)"},
	} {
		text, err := os.ReadFile(filepath.Join(dir, page))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wanted {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s lacks %q", page, want)
			}
		}
	}
}

// checkPages wants a page for each command, with every flag that its help shows.
func checkPages(t *testing.T, cmd *cobra.Command, dir string) {
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			checkPages(t, sub, dir)
		}
	}
	page := strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".1"
	text, err := os.ReadFile(filepath.Join(dir, page))
	if err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(page, "oneinode-completion-") { // cobra's words
		checkWidth(t, page, string(text))
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if want := `\fB--` + f.Name + `\fP`; !f.Hidden && !strings.Contains(string(text), want) {
			t.Errorf("%s lacks %s", page, want)
		}
	})
}

// checkWidth wants what stands as it is, which no page breaks, within 80 columns: it is shown
// seven further in.
func checkWidth(t *testing.T, page, text string) {
	asItIs := false
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, ".E") {
			asItIs = line == ".EX\n"
		}
		shown := strings.ReplaceAll(strings.TrimSuffix(line, "\n"), `\`, "")
		if n := utf8.RuneCountInString(shown); asItIs && n > 73 {
			t.Errorf("%s: %d columns: %s", page, n+7, line)
		}
	}
}
