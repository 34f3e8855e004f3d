//go:build !linux

package dedupe

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/scan"
)

func openUnnamed(int) (int, error) { return -1, unix.ENOTSUP }

func createUnnamed(dir int, named string) (fd int, hasName bool, err error) {
	fd, err = openat(dir, named, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW, 0o600)
	return fd, true, err
}

func clone(dst, src int) error { return unix.ENOSYS }

func copyData(dst, src int, size int64) error {
	buf := make([]byte, 256<<10)
	for at := int64(0); at < size; {
		n, err := unix.Pread(src, buf, at)
		if err != nil {
			return err
		}
		if n == 0 {
			return unix.EIO
		}
		if err := writeAll(dst, buf[:n], at); err != nil {
			return err
		}
		at += int64(n)
	}
	return nil
}

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
	return unix.Futimes(fd, []unix.Timeval{unix.NsecToTimeval(o.Atime), unix.NsecToTimeval(o.Mtime)})
}

// freeBytes is not asked for here: a copy that does not fit fails by itself.
func freeBytes(fd int) (int64, error) { return 0, os.ErrInvalid }

func isTmpfs(fd int) bool { return false }
