package dedupe

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
)

// syncFilesystem is syncfs(2). Since Linux 5.8 it reports writeback errors.
func syncFilesystem(fd int) error { return retry(func() error { return unix.Syncfs(fd) }) }

// openAt opens a directory entry for reading, never following a symbolic link
// and never waiting (a FIFO that was put in its place would block).
func openAt(dir int, base string) (fd int, err error) {
	return openQuietly(dir, base, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY)
}

// openQuietly is openat(2) whose reads leave no trace in the time of the last access.
// O_NOATIME is for owners and root only; others do without.
func openQuietly(dir int, path string, flags int) (fd int, err error) {
	for _, extra := range [...]int{unix.O_NOATIME, 0} {
		if fd, err = openat(dir, path, flags|extra, 0); err != unix.EPERM {
			break
		}
	}
	return fd, err
}

// actsAsOwner reports whether we may rename and remove what others own in a sticky
// directory (capabilities(7), CAP_FOWNER). What it cannot find out the kernel will tell.
func actsAsOwner() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData // 64 bits in two halves
	err := unix.Capget(&header, &data[0])
	return err != nil || data[0].Effective&(1<<unix.CAP_FOWNER) != 0
}

// accessToWrite is access(2) of an open file for writing, EACCES where it is refused.
func accessToWrite(fd int) error {
	return retry(func() error { return unix.Access(fmt.Sprintf("/proc/self/fd/%d", fd), unix.W_OK) })
}

// lease is what is known of a file's other users.
type lease uint8

const (
	leaseHeld    lease = iota // nobody has it open for writing, and a late writer waits for us
	leaseBusy                 // somebody has it open for writing, or mapped so
	leaseMissing              // the filesystem, or our rights, know no leases
)

// takeLease asks for a read lease (fcntl(2), F_SETLEASE): refused with EAGAIN
// while any process has the file open for writing or still has a writable
// shared mapping of it. It ends when the descriptor is closed. On a filesystem
// that other machines write to as well, neither answer says anything, and on NFSv4 our own
// link(2) would wait for the lease to end (nfs4_inode_return_delegation): 45 s for each name.
func takeLease(fd int) lease { return leaseOn(fd, scan.Remote(fd)) }

func leaseOn(fd int, remote bool) lease {
	if remote {
		return leaseMissing
	}
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_RDLCK)
	switch err {
	case nil:
		return leaseHeld
	case unix.EAGAIN:
		return leaseBusy
	}
	return leaseMissing
}

// endLease gives a lease back before its descriptor is closed.
func endLease(fd int) { _, _ = unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_UNLCK) }

// leaseUnbroken reports whether no writer has knocked since takeLease. The
// kernel shows the type to which a broken lease must go.
func leaseUnbroken(fd int) bool {
	kind, err := unix.FcntlInt(uintptr(fd), unix.F_GETLEASE, 0)
	return err == nil && kind == unix.F_RDLCK
}

// writerWaits reports whether a process has the file open for writing, or waits
// in open(2) or truncate(2) for our lease to end: it counts as a writer before
// it begins to wait (do_dentry_open in the kernel).
func writerWaits(fd int) bool {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_RDLCK)
	return err == unix.EAGAIN
}

// linkDescriptor gives the very inode that fd is open on a new name: what its
// path leads to by now does not matter. linkat(2) with AT_EMPTY_PATH is for
// the privileged, others are told ENOENT; the way through /proc takes longer.
func linkDescriptor(fd int, _ string, dir int, base string) error {
	err := retry(func() error { return unix.Linkat(fd, "", dir, base, unix.AT_EMPTY_PATH) })
	if err != unix.ENOENT {
		return err
	}
	return retry(func() error {
		return unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", fd), dir, base, unix.AT_SYMLINK_FOLLOW)
	})
}

// exchange swaps two names of a directory in one step (renameat2(2)).
func exchange(dir int, a, b string) error {
	return retry(func() error { return unix.Renameat2(dir, a, dir, b, unix.RENAME_EXCHANGE) })
}

// exchangeUnknown reports whether err says that the kernel or the filesystem
// has no RENAME_EXCHANGE. EINVAL is what filesystems without it answer.
func exchangeUnknown(err error) bool {
	return err == unix.EINVAL || err == unix.ENOSYS || err == unix.EOPNOTSUPP
}

// setDirMtime puts a directory's mtime back (ns) and leaves its atime alone.
func setDirMtime(dir int, s *scan.Stat) error {
	return setTimesAt(dir, ".", 0, asItIs, s.Mtime)
}

// withoutData reports whether what a file of an upper layer holds still lies in the layer below
// (overlayfs.rst, "Metadata only copy up"); mounts with userxattr say so in user.*.
func withoutData(path string) bool {
	for _, name := range [...]string{"trusted.overlay.metacopy", "user.overlay.metacopy"} {
		if _, err := unix.Lgetxattr(path, name, nil); err == nil {
			return true
		}
	}
	return false
}

// FS_IMMUTABLE_FL and FS_APPEND_FL of linux/fs.h.
const (
	immutableFlag = 0x10
	appendFlag    = 0x20
)

// immutable reports whether the file or directory is marked immutable or
// append-only (chattr(1) +i, +a).
func immutable(fd int) bool {
	flags, err := unix.IoctlGetUint32(fd, unix.FS_IOC_GETFLAGS)
	return err == nil && flags&(immutableFlag|appendFlag) != 0
}

// locked reports whether an open directory is encrypted (fscrypt) and its key is not there:
// then none of its names is found (ENOENT), though nothing is gone. The kernel refuses to
// encrypt a new file before it has made one.
func locked(dir int, now *scan.Stat) bool {
	if !now.Encrypted {
		return false
	}
	fd, err := openUnnamed(dir)
	if err == nil {
		closeFD(fd)
	}
	return err == unix.ENOKEY
}

// fsxattr is the struct of FS_IOC_FSGETXATTR (linux/fs.h).
type fsxattr struct {
	xflags, _, _, project, _ uint32
	_                        [8]byte
}

// FS_IOC_FSGETXATTR and FS_XFLAG_PROJINHERIT of linux/fs.h.
const (
	fsGetXattr     = unix.FS_IOC_GETFLAGS&0xe0000000 | uintptr(unsafe.Sizeof(fsxattr{}))<<16 | 'X'<<8 | 31 // _IOR('X', 31, struct fsxattr)
	projectInherit = 0x200
)

// projectOf returns the project of a directory that lets in only files of its own (chattr(1)
// +P): link(2) and rename(2) refuse others with EXDEV. 0 if there is no such border.
func projectOf(dir int) uint32 {
	var attr fsxattr
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(dir), fsGetXattr, uintptr(unsafe.Pointer(&attr)))
	if errno != 0 || attr.xflags&projectInherit == 0 {
		return 0
	}
	return attr.project
}
