package dedupe

import "golang.org/x/sys/unix"

// Kernel calls that are the same on every system; the others have a twin in
// kernel_linux.go and kernel_other.go.

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

func closeFD(fd int) { unix.Close(fd) }

// duplicate is another descriptor of what fd is open on.
func duplicate(fd int) (int, error) { return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0) }

// syncFile is fsync(2); a descriptor open for reading will do.
func syncFile(fd int) error { return retry(func() error { return unix.Fsync(fd) }) }

// renameOver moves a name onto another of the same directory, atomically.
// Between two names of one inode it does nothing (rename(2)).
func renameOver(dir int, from, to string) error {
	return retry(func() error { return unix.Renameat(dir, from, dir, to) })
}

// readSymlink is readlinkat(2); base "" means the link that fd itself is open on.
func readSymlink(fd int, base string) (string, error) {
	buf := make([]byte, unix.PathMax)
	n := 0
	err := retry(func() (err error) {
		n, err = unix.Readlinkat(fd, base, buf)
		return err
	})
	return string(buf[:max(n, 0)]), err
}

// unlinkAt is unlinkat(2), to which a name that is gone already is none to complain of.
func unlinkAt(dir int, base string) error {
	err := retry(func() error { return unix.Unlinkat(dir, base, 0) })
	if err == unix.ENOENT {
		return nil
	}
	return err
}

// writeAll is pwrite(2) until all is written.
func writeAll(fd int, b []byte, at int64) error {
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
