package dedupe

import (
	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
)

// locked reports whether an open directory is encrypted (fscrypt) and its key is not there:
// then none of its names is found (ENOENT), though nothing is gone. The kernel refuses to
// encrypt a new file before it has made one.
func locked(dir int, now *scan.Stat) bool {
	if !now.Encrypted {
		return false
	}
	fd, err := unix.Openat(dir, ".", unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err == nil {
		closeFD(fd)
	}
	return err == unix.ENOKEY
}
