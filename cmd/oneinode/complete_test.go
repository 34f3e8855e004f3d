package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestOfferedWords holds what is offered to a shell against what is taken: every
// word is, and a wrong one is answered with all of them.
func TestOfferedWords(t *testing.T) {
	offered := map[string]bool{}
	visitFlags(newRoot(&app{}), func(f *pflag.Flag) {
		v, ok := f.Value.(offering)
		if !ok || len(v.offers()) == 0 {
			return
		}
		offered[f.Name] = true
		wrong := f.Value.Set("nosuch")
		for _, word := range v.offers() {
			if wrong == nil || !strings.Contains(wrong.Error(), word) {
				t.Errorf("--%s nosuch: %v: no word of %s", f.Name, wrong, word)
			}
			if !v.takes(word) {
				t.Errorf("--%s does not take %s", f.Name, word)
			}
		}
	})
	for name := range strings.FieldsSeq("link keep match format device color progress log-format verify view target") {
		if !offered[name] {
			t.Errorf("--%s offers nothing", name)
		}
	}
}

func visitFlags(cmd *cobra.Command, visit func(*pflag.Flag)) {
	cmd.Flags().VisitAll(visit)
	for _, sub := range cmd.Commands() {
		visitFlags(sub, visit)
	}
}

// TestHelpFitsATerminal: 80 columns are what a terminal has at least.
func TestHelpFitsATerminal(t *testing.T) {
	root := newRoot(&app{})
	for _, cmd := range append(root.Commands(), root) {
		for line := range strings.Lines(cmd.Long + "\n" + cmd.Example) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 80 {
				t.Errorf("%s: %d columns: %s", cmd.Name(), n, line)
			}
		}
	}
}
