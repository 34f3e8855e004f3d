package show

import (
	"syscall"
	"testing"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/dedupe/decide"
)

// TestWhy: nothing is said twice.
func TestWhy(t *testing.T) {
	for _, c := range []struct {
		reason string
		errno  syscall.Errno
		want   string
	}{
		{decide.ReasonReadOnly, syscall.EROFS, decide.ReasonReadOnly},
		{dedupe.ReasonPermission, syscall.EACCES, dedupe.ReasonPermission},
		{dedupe.ReasonPermission, syscall.EPERM, dedupe.ReasonPermission},
		{dedupe.ReasonMoved, syscall.ELOOP, dedupe.ReasonMoved},
		{dedupe.ReasonDirGone, syscall.ELOOP, dedupe.ReasonDirGone},
		{dedupe.ReasonDirGone, syscall.ENOENT, dedupe.ReasonDirGone + ": no such file or directory"},
		{dedupe.ReasonSystem, syscall.EIO, dedupe.ReasonSystem + ": input/output error"},
	} {
		if got := Why(c.reason, Cause(c.errno)); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	more := dedupe.ReasonImmutable + "; the temporary name \"t\" stays until the next run"
	if got := Why(dedupe.ReasonImmutable, more); got != more {
		t.Errorf("%q, want %q", got, more)
	}
}
