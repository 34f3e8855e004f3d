package dedupe

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/oneinode/oneinode/scan"
)

// TestLowerLayer: only what lies in the upper layer may be linked.
func TestLowerLayer(t *testing.T) {
	upper, point := t.TempDir(), t.TempDir()
	for _, dir := range []string{upper, point} {
		check(t, os.MkdirAll(filepath.Join(dir, "d"), 0o755))
	}
	check(t, os.WriteFile(filepath.Join(upper, "d", "new"), nil, 0o644))
	overlay := scan.Filesystem{Type: "overlay", Point: point, Upper: upper}
	unknown := scan.Filesystem{Type: "overlay", Point: point}
	ext4 := scan.Filesystem{Type: "ext4", Point: point}
	for _, c := range []struct {
		fs   scan.Filesystem
		name string
		want bool
	}{
		{overlay, "d/new", false}, {overlay, "d/old", true}, {overlay, "d", true},
		{unknown, "d/new", true}, {ext4, "d/old", false},
	} {
		if got := lowerLayer(&c.fs, filepath.Join(point, c.name)); got != c.want {
			t.Errorf("%s %q on %s: %v", c.name, c.fs.Upper, c.fs.Type, got)
		}
	}
	if !lowerLayer(&overlay, filepath.Join(upper, "d", "new")) {
		t.Error("a path outside the mount point is taken for one inside")
	}
}
