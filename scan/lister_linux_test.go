package scan

import (
	"os"
	"testing"
)

// TestListerBegin: a listing that fails is not a whole one.
func TestListerBegin(t *testing.T) {
	dir := t.TempDir()
	for name, want := range map[string]bool{dir: true, dir + "/file": false} {
		if !want {
			must(t, os.WriteFile(name, nil, 0o644))
		}
		f, err := os.Open(name)
		must(t, err)
		defer f.Close()
		var l lister
		if got := l.begin(int(f.Fd())); got != want || (l.err == nil) != want {
			t.Errorf("%s: whole %v, %v", name, got, l.err)
		}
	}
}
