package target

import "testing"

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
