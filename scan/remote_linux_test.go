package scan

import (
	"os"
	"testing"
)

// A local filesystem must not be taken for a remote one: an open writer would
// go unnoticed.
func TestRemoteLocal(t *testing.T) {
	for _, dir := range []string{t.TempDir(), "/dev/shm", "/"} {
		f, err := os.Open(dir)
		if err != nil {
			t.Skipf("%s: %v", dir, err)
		}
		defer f.Close()
		if Remote(int(f.Fd())) {
			t.Errorf("%s is taken for a network filesystem", dir)
		}
	}
	if !remoteTypes[0x6969] {
		t.Error("NFS is taken for a local filesystem")
	}
}
