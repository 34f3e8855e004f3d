package kernel

import (
	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
)

// TakeLease asks for a read lease (fcntl(2), F_SETLEASE): refused with EAGAIN
// while any process has the file open for writing or still has a writable
// shared mapping of it. It ends when the descriptor is closed. On a filesystem
// that other machines write to as well, neither answer says anything, and on NFSv4 our own
// link(2) would wait for the lease to end (nfs4_inode_return_delegation): 45 s for each name.
func TakeLease(fd int) Lease { return leaseOn(fd, scan.Remote(fd)) }

func leaseOn(fd int, remote bool) Lease {
	if remote {
		return LeaseMissing
	}
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_RDLCK)
	switch err {
	case nil:
		return LeaseHeld
	case unix.EAGAIN:
		return LeaseBusy
	case unix.EACCES:
		return LeaseDenied
	}
	return LeaseMissing
}

// EndLease gives a lease back before its descriptor is closed.
func EndLease(fd int) { _, _ = unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_UNLCK) }

// LeaseUnbroken reports whether no writer has knocked since TakeLease. The
// kernel shows the type to which a broken lease must go.
func LeaseUnbroken(fd int) bool {
	kind, err := unix.FcntlInt(uintptr(fd), unix.F_GETLEASE, 0)
	return err == nil && kind == unix.F_RDLCK
}

// WriterWaits reports whether a process has the file open for writing, or waits
// in open(2) or truncate(2) for our lease to end: it counts as a writer before
// it begins to wait (do_dentry_open in the kernel).
func WriterWaits(fd int) bool {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_RDLCK)
	return err == unix.EAGAIN
}

// TakeWriteLease asks for a write lease (fcntl(2), F_SETLEASE): refused while any
// other descriptor or mapping of the file is open; whoever opens it later waits.
func TakeWriteLease(fd int) Lease {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_WRLCK)
	switch {
	case err == nil:
		return LeaseHeld
	case err == unix.EAGAIN && !scan.Remote(fd):
		return LeaseBusy
	}
	return LeaseMissing
}

// WriteLeaseUnbroken reports whether nobody waits for the file.
func WriteLeaseUnbroken(fd int) bool {
	kind, err := unix.FcntlInt(uintptr(fd), unix.F_GETLEASE, 0)
	return err == nil && kind == unix.F_WRLCK
}
