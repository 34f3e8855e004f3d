package dedupe

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestCleanStays: a leftover that we may not remove does not count as removed.
func TestCleanStays(t *testing.T) {
	for name, make := range map[string]func(*testing.T) *wreck{
		"file": newWreck,
		"link": func(t *testing.T) *wreck { return newLinkWreck(t, false) },
	} {
		t.Run(name, func(t *testing.T) {
			w := make(t)
			if w.writer != nil {
				w.writer.Close()
			}
			f, err := os.Open(w.dir)
			check(t, err)
			t.Cleanup(func() { f.Close() })
			if err := unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, unix.STATX_ATTR_APPEND); err != nil {
				t.Skip("no append-only directories here: ", err)
			}
			t.Cleanup(func() { check(t, unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, 0)) })
			if got := w.clean(t); got != ReasonImmutable {
				t.Errorf("said %q, want %q", got, ReasonImmutable)
			}
		})
	}
}
