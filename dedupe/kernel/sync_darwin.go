package kernel

import "golang.org/x/sys/unix"

// syncToDisk has the drive write out its own cache, too, which fsync(2) leaves as it is here. Some
// filesystems know only that.
func syncToDisk(fd int) error {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_FULLFSYNC, 0)
	switch err {
	case unix.ENOTSUP, unix.EINVAL, unix.ENOTTY:
		return unix.Fsync(fd)
	}
	return err
}
