package scan

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestForeignDirectory: a directory that O_NOATIME is refused for takes nothing from
// those that come after it.
func TestForeignDirectory(t *testing.T) {
	if quietFlag == 0 {
		t.Skip("this system has no O_NOATIME")
	}
	if !asUser(t) {
		return
	}
	program, err := os.Executable()
	must(t, err)
	foreign := filepath.Dir(program)
	first, last := plant(t, "file f"), plant(t, "file f")
	past := time.Unix(1e9, 0)
	for _, own := range []string{first, last} {
		must(t, os.Chtimes(own, past, time.Unix(2e9, 0))) // older than mtime: relatime would update it
	}
	walk(t, Options{Walkers: 1}, first, foreign, last)
	for _, own := range []string{first, last} {
		st, err := StatAt(unix.AT_FDCWD, own)
		must(t, err)
		if st.Atime != past.UnixNano() {
			t.Errorf("%s was read at %v", own, time.Unix(0, st.Atime))
		}
	}
}
