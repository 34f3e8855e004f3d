//go:build !linux

package dedupe

import (
	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/scan"
)

// dress: extended attributes cannot be put back here; a file that had any is
// left as it is.
func dress(fd int, o *journal.Old) error {
	if len(o.Xattrs) > 0 {
		return unix.ENOTSUP
	}
	if err := unix.Fchown(fd, int(o.UID), int(o.GID)); err != nil {
		return err
	}
	if err := unix.Fchmod(fd, o.Mode&scan.Permissions); err != nil {
		return err
	}
	return kernel.SetTimes(fd, o.Atime, o.Mtime)
}
