package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// A command of more PATHs than a screen holds is not named: it would hide the figures.
func TestNextOfManyPaths(t *testing.T) {
	flags := pflag.NewFlagSet("scan", pflag.ContinueOnError)
	fits := slices.Repeat([]string{"Pictures/a.jpg"}, 100)
	if got := nextCommand(flags, fits); !strings.HasPrefix(got, "oneinode dedupe Pictures/a.jpg ") || strings.Count(got, ".jpg") != 100 {
		t.Errorf("100 PATHs: %q", got)
	}
	if got := nextCommand(flags, slices.Repeat(fits, 2)); got != "" {
		t.Errorf("200 PATHs: %q", got)
	}
}
