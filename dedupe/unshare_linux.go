package dedupe

import (
	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
)

// openForWriting opens an entry for reading and writing, with the precautions of
// openAt.
func openForWriting(dir int, base string) (fd int, err error) {
	return openat(dir, base, unix.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
}

// takeWriteLease asks for a write lease (fcntl(2), F_SETLEASE): refused while any
// other descriptor or mapping of the file is open; whoever opens it later waits.
func takeWriteLease(fd int) lease {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_WRLCK)
	switch {
	case err == nil:
		return leaseHeld
	case err == unix.EAGAIN && !scan.Remote(fd):
		return leaseBusy
	}
	return leaseMissing
}

// writeLeaseUnbroken reports whether nobody waits for the file.
func writeLeaseUnbroken(fd int) bool {
	kind, err := unix.FcntlInt(uintptr(fd), unix.F_GETLEASE, 0)
	return err == nil && kind == unix.F_WRLCK
}

// unshareRange has the kernel copy shared blocks (fallocate(2)). Of the
// filesystems with reflinks xfs can; btrfs says EOPNOTSUPP.
func unshareRange(fd int, at, length int64) error {
	return retry(func() error {
		return unix.Fallocate(fd, unix.FALLOC_FL_KEEP_SIZE|unix.FALLOC_FL_UNSHARE_RANGE, at, length)
	})
}

// rewrite writes a range with the bytes that it has. Whoever opens the file
// meanwhile waits, but not for ever (/proc/sys/fs/lease-break-time, 45 s): so it
// asks mayWrite between each read and its write, and ends with its error.
func rewrite(fd int, at, length int64, mayWrite func() error) error {
	return pump(fd, fd, at, at+length, writeAll, mayWrite)
}
