//go:build !linux

package dedupe

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
)

// Outside Linux there are no leases, no exchange of names and no links from
// descriptors: the replace is link-then-rename with looks before and after it.

// syncFilesystem: there is no syncfs(2); files are flushed one by one instead.
func syncFilesystem(fd int) error { return unix.ENOSYS }

func openAt(dir int, base string) (fd int, err error) {
	return openat(dir, base, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
}

// actsAsOwner reports whether we may rename and remove what others own in a sticky
// directory (sticky(7)).
func actsAsOwner() bool { return os.Geteuid() == 0 }

// accessToWrite is access(2) of an open file for writing; here there is no way to ask.
func accessToWrite(fd int) error { return nil }

type lease uint8

const (
	leaseHeld lease = iota
	leaseBusy
	leaseMissing
)

func takeLease(fd int) lease { return leaseMissing }

func endLease(int) {}

func leaseUnbroken(fd int) bool { return false }

func writerWaits(fd int) bool { return true }

// linkDescriptor links by name and proves afterwards that it was the right inode.
func linkDescriptor(fd int, path string, dir int, base string) error {
	if err := retry(func() error { return unix.Linkat(unix.AT_FDCWD, path, dir, base, 0) }); err != nil {
		return err
	}
	want, err := scan.FStatNow(fd)
	if err != nil {
		return err
	}
	now, err := scan.StatAtNow(dir, base)
	if err == nil && now.ID != want.ID {
		err = unix.ENOENT
	}
	if err != nil {
		unlinkAt(dir, base)
	}
	return err
}

func exchange(dir int, a, b string) error { return unix.ENOSYS }

func exchangeUnknown(err error) bool { return err == unix.ENOSYS }

// setTimes is futimes(3), in ns cut to µs.
func setTimes(fd int, atime, mtime int64) error {
	return unix.Futimes(fd, []unix.Timeval{unix.NsecToTimeval(atime), unix.NsecToTimeval(mtime)})
}

func setDirMtime(dir int, s *scan.Stat) error {
	if scan.IsFar(s.Atime) || scan.IsFar(s.Mtime) {
		return nil // not known
	}
	times := []unix.Timespec{unix.NsecToTimespec(s.Atime), unix.NsecToTimespec(s.Mtime)}
	return retry(func() error { return unix.UtimesNanoAt(dir, ".", times, 0) })
}

func immutable(fd int) bool { return false }

// withoutData is for overlayfs.
func withoutData(path string) bool { return false }

func locked(int, *scan.Stat) bool { return false }

// projectOf: no other system keeps directories apart within a filesystem.
func projectOf(dir int) uint32 { return 0 }
