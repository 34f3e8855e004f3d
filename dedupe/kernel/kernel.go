// Package kernel has the system calls of a replace and of its way back, one function each, with
// what the man pages leave out. It decides nothing, and knows no policy and no journal.
//
// Errors are those of the system (errno); a call that a signal interrupted is repeated.
// Descriptors are not inherited by other programs. All of it may be called from several
// goroutines at a time. Calls that are the same on every system stand in kernel.go, the
// others in files for Linux, with their twins in kernel_other.go.
package kernel

import "golang.org/x/sys/unix"

// retry repeats a call that a signal interrupted.
func retry(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}

// openat is openat(2) of a descriptor that no other program gets.
func openat(dir int, path string, flags int, mode uint32) (fd int, err error) {
	err = retry(func() (err error) {
		fd, err = unix.Openat(dir, path, flags|unix.O_CLOEXEC, mode)
		return err
	})
	return fd, err
}

func Close(fd int) { unix.Close(fd) }

// Duplicate is another descriptor of what fd is open on.
func Duplicate(fd int) (int, error) { return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0) }

// Sync is fsync(2), to the disk itself; a descriptor open for reading will do.
func Sync(fd int) error { return retry(func() error { return syncToDisk(fd) }) }

// RenameOver moves a name onto another of the same directory, atomically.
// Between two names of one inode it does nothing (rename(2)).
func RenameOver(dir int, from, to string) error {
	return retry(func() error { return unix.Renameat(dir, from, dir, to) })
}

// ReadSymlink is readlinkat(2); base "" means the link that fd itself is open on.
func ReadSymlink(fd int, base string) (string, error) {
	buf := make([]byte, unix.PathMax)
	n := 0
	err := retry(func() (err error) {
		n, err = unix.Readlinkat(fd, base, buf)
		return err
	})
	return string(buf[:max(n, 0)]), err
}

// Unlink is unlinkat(2), to which a name that is gone already is none to complain of.
func Unlink(dir int, base string) error {
	err := retry(func() error { return unix.Unlinkat(dir, base, 0) })
	if err == unix.ENOENT {
		return nil
	}
	return err
}

// WriteAll is pwrite(2) until all is written.
func WriteAll(fd int, b []byte, at int64) error {
	for len(b) > 0 {
		n, err := unix.Pwrite(fd, b, at)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		b, at = b[n:], at+int64(n)
	}
	return nil
}

// Lease is what is known of a file's other users.
type Lease uint8

const (
	LeaseHeld    Lease = iota // nobody has it open for writing, and a late writer waits for us
	LeaseBusy                 // somebody has it open for writing, or mapped so
	LeaseMissing              // the filesystem knows no leases
	LeaseDenied               // the file is somebody else's: those are for root (CAP_LEASE)
)
