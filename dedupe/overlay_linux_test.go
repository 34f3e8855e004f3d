package dedupe

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
)

// TestMetacopy: a file of which the upper layer has only owner, mode and times takes no room there.
func TestMetacopy(t *testing.T) {
	upper, point := t.TempDir(), t.TempDir()
	path := filepath.Join(upper, "f")
	check(t, os.WriteFile(path, nil, 0o644))
	overlay := scan.Filesystem{Type: "overlay", Point: point, Upper: upper}
	if lowerLayer(&overlay, filepath.Join(point, "f")) {
		t.Fatal("a file of the upper layer is taken for one of a lower layer")
	}
	tried := false
	for _, name := range []string{"user.overlay.metacopy", "trusted.overlay.metacopy"} {
		if err := unix.Setxattr(path, name, nil, 0); err != nil {
			t.Logf("%s cannot be set here: %v", name, err)
			continue
		}
		tried = true
		if !lowerLayer(&overlay, filepath.Join(point, "f")) {
			t.Errorf("with %s a file is taken for one of the upper layer", name)
		}
		check(t, unix.Removexattr(path, name))
	}
	if !tried {
		t.Skip("neither attribute can be set here")
	}
}
