package main

import (
	"strings"
	"testing"

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

func visitFlags(root *cobra.Command, visit func(*pflag.Flag)) {
	eachCommand(root, func(cmd *cobra.Command) { cmd.Flags().VisitAll(visit) })
}
