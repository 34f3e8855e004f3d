package dedupe

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// dress gives an inode the owner, group, mode, extended attributes and times of
// an old one. The order matters: chown(2) clears set-id bits and capabilities, a mode
// without its ACL, or with that of the directory, may let others in, only the owner's
// right to write lets a user set attributes, and everything moves the times.
func dress(fd int, o *journal.Old) error {
	if err := unix.Fchown(fd, int(o.UID), int(o.GID)); err != nil {
		return err
	}
	if err := setXattrs(fd, o.Xattrs); err != nil {
		return err
	}
	if err := unix.Fchmod(fd, o.Mode&scan.Permissions); err != nil {
		return err
	}
	return kernel.SetTimes(fd, o.Atime, o.Mtime)
}

// setXattrs sets the attributes and removes those that a new file inherited
// from its directory (a default ACL). A security label that the system gave
// and does not let go stays.
func setXattrs(fd int, want map[string][]byte) error {
	for name, value := range want {
		if err := unix.Fsetxattr(fd, name, value, 0); err != nil {
			return fmt.Errorf("extended attribute %s: %w", name, err)
		}
	}
	names, err := hash.XattrNames(fd)
	if err != nil {
		return fmt.Errorf("extended attributes: %w", err)
	}
	for _, name := range names {
		if _, ok := want[name]; !ok && !isACLAgain(name) { // that goes with the ACL
			err := unix.Fremovexattr(fd, name)
			if err != nil && err != kernel.NoAttribute && !strings.HasPrefix(name, "security.") {
				return fmt.Errorf("extended attribute %s: %w", name, err)
			}
		}
	}
	return nil
}
