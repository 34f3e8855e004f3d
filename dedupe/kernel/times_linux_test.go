package kernel

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
)

// TestTimes: processors of 32 bits set times as those of 64, beyond 2038 and before 1970.
func TestTimes(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	check(t, os.WriteFile(name, nil, 0o600))
	for _, ns := range []int64{-1, 0, 999_999_999, 1<<31*1e9 + 5, 1<<32*1e9 + 7} {
		check(t, setTimesAt(unix.AT_FDCWD, name, 0, asItIs, ns))
		now, err := scan.StatAt(unix.AT_FDCWD, name)
		if check(t, err); now.Mtime != ns && now.Mtime-now.Mtime%1e9 != ns-ns%1e9 {
			t.Errorf("mtime is %d, want %d", now.Mtime, ns)
		}
	}
	if err := setNarrowTimes(unix.AT_FDCWD, nil, [2]timespec{{sec: 1 << 31}}, 0); err != ErrNarrow {
		t.Errorf("a time in 2038 in 32 bits: %v", err)
	}
}
