package hash

import (
	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
)

// openForWriting reports whether a process has the file open for writing, or
// keeps a writable shared mapping of it: the kernel then refuses a read lease
// with EAGAIN. The lease is given back at once. False also where nothing can be
// known: somebody else's file without CAP_LEASE, a filesystem without leases.
// Network filesystems may refuse for any file: there a refusal says nothing.
func openForWriting(fd int) bool {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_RDLCK)
	if err != nil {
		return err == unix.EAGAIN && !scan.Remote(fd)
	}
	unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_UNLCK)
	return false
}
