package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestHelpFitsTheTerminal: what is said of a flag stays in its column.
func TestHelpFitsTheTerminal(t *testing.T) {
	for _, columns := range []int{80, 120} {
		root := newRoot(&app{})
		root.SetUsageTemplate("") // as cobra has it
		wrapFlags(root, columns)
		cmd, _, err := root.Find([]string{"dedupe"})
		if err != nil {
			t.Fatal(err)
		}
		_, flags, _ := strings.Cut(cmd.UsageString(), "\nFlags:\n")
		if !strings.Contains(flags, "--link KIND") {
			t.Fatalf("no flags in %q", flags)
		}
		for line := range strings.Lines(flags) {
			if width := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); width > columns {
				t.Errorf("%d of %d columns: %s", width, columns, line)
			}
		}
	}
}
