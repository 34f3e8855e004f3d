package target

import (
	"strings"
	"testing"
)

// TestTellsOfLinksLeftOut: rsync without -a or -l leaves symbolic links out and ends well.
func TestTellsOfLinksLeftOut(t *testing.T) {
	for _, target := range targets() {
		copies := strings.HasPrefix(target.flags[0], "-a")
		if told := strings.Contains(target.Note, "symbolic links are not copied"); told == copies {
			t.Errorf("%s: %q, %q", target.Name, target.flags, target.Note)
		}
	}
}

func TestUnfitNames(t *testing.T) {
	for name, want := range map[string]bool{
		"a": false, "a.b": false, ".hidden": false, "COM": false, "COM0": false, "console": false, "日本": false, "LPT10": false,
		"con": true, "NUL.txt": true, "aux .x": true, "COM1": true, "lpt9.log": true, "a:b": true, "a\tb": true, "end.": true, "end ": true, "q?": true, `b\c`: true,
	} {
		if got := IsUnfitWindows([]byte(name)); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
	if string(AppendFolded(nil, []byte("ÄbC"))) != "äbc" || string(AppendFolded(nil, []byte("Readme"))) != "readme" {
		t.Error("folding")
	}
}
