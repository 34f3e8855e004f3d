package kernel

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/oneinode/oneinode/scan"
)

// TestSetTimes: a file gets its times back, and where they are cut it is never younger than it was.
func TestSetTimes(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	check(t, err)
	defer f.Close()
	for _, want := range []int64{1_500_000_000_123_456_789, 1_500_000_000_000_000_999, 1_500_000_000_000_001_000, -1} {
		check(t, SetTimes(int(f.Fd()), want, want))
		now, err := scan.FStatNow(int(f.Fd()))
		if check(t, err); now.Mtime > want || now.Mtime <= want-1000 {
			t.Errorf("mtime %d, want %d", now.Mtime, want)
		}
	}
}
