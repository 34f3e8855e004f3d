package hash

import (
	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
)

// openForWriting reports whether a process has the file open for writing, or
// keeps a writable shared mapping of it: the kernel then refuses a read lease
// with EAGAIN. A lease that was granted lasts until fd is closed (fcntl(2)), and
// who wants to write waits for that. False also where nothing can be
// known: somebody else's file without CAP_LEASE, a filesystem without leases.
// Network filesystems may refuse for any file: there a refusal says nothing.
func openForWriting(fd int) bool {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_RDLCK)
	return err == unix.EAGAIN && !scan.Remote(fd)
}
