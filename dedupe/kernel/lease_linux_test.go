package kernel

import (
	"os"
	"path/filepath"
	"testing"
)

// TestLeaseRemote: no lease is taken where others than this kernel grant it.
func TestLeaseRemote(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	check(t, os.WriteFile(path, nil, 0o600))
	f, err := os.Open(path)
	check(t, err)
	defer f.Close()
	fd := int(f.Fd())
	if l := leaseOn(fd, true); l != LeaseMissing || LeaseUnbroken(fd) {
		t.Errorf("%v, leased %v", l, LeaseUnbroken(fd))
	}
}
