package report

import (
	"os"
	"testing"
)

// TestNamelessTerminal: without TERM, as for git, nothing is known of what is on the line.
func TestNamelessTerminal(t *testing.T) {
	tty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no pseudo terminals here: ", err)
	}
	defer tty.Close()
	t.Setenv("NO_COLOR", "")
	for name, want := range map[string]bool{"": false, "dumb": false, "xterm": true} {
		t.Setenv("TERM", name)
		if Auto.ShowColor(tty) != want || Auto.ShowProgress(tty) != want || (Width(tty) > 0) != want {
			t.Errorf("TERM %q: colour %v, progress %v, width %d", name, Auto.ShowColor(tty), Auto.ShowProgress(tty), Width(tty))
		}
	}
}
