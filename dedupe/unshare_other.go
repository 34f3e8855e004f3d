//go:build !linux

package dedupe

import (
	"golang.org/x/sys/unix"
)

// Without reflinks there is nothing to take back.

func openForWriting(dir int, base string) (fd int, err error) { return -1, unix.ENOSYS }

func takeWriteLease(fd int) lease { return leaseMissing }

func writeLeaseUnbroken(fd int) bool { return false }

func unshareRange(fd int, at, length int64) error { return unix.ENOSYS }

func rewrite(fd int, at, length int64, mayWrite func() error) error { return unix.ENOSYS }
