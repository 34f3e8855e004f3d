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

// One directory has no others beside it.
func TestDeniedNote(t *testing.T) {
	one, several := deniedNote("/d", false), deniedNote("/d", true)
	if !strings.HasSuffix(one, " may not write to /d; run it as root or as the owner, who may need chmod u+w first") {
		t.Errorf("one: %q", one)
	}
	if !strings.HasSuffix(several, " may not write to /d nor to the other directories of copies; run it as root or as the owner, who may need chmod u+w first") {
		t.Errorf("several: %q", several)
	}
}
