package kernel

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
	"github.com/oneinode/oneinode/scan/ioctl"
)

// SyncFilesystem is syncfs(2). Since Linux 5.8 it reports writeback errors.
func SyncFilesystem(fd int) error { return retry(func() error { return unix.Syncfs(fd) }) }

// Open opens a directory entry for reading, never following a symbolic link
// and never waiting (a FIFO that was put in its place would block).
func Open(dir int, base string) (fd int, err error) {
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

// OpenForWriting opens an entry for reading and writing, with the precautions of
// Open.
func OpenForWriting(dir int, base string) (fd int, err error) {
	return openQuietly(dir, base, unix.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY)
}

// ActsAsOwner reports whether we may rename and remove what others own in a sticky
// directory (capabilities(7), CAP_FOWNER). What it cannot find out the kernel will tell.
func ActsAsOwner() bool { return isCapable(unix.CAP_FOWNER) }

// GivesAll reports whether we may give a file any owner and group (chown(2), CAP_CHOWN).
func GivesAll() bool { return isCapable(unix.CAP_CHOWN) }

// LeasesAll reports whether we may lease other people's files (fcntl(2), CAP_LEASE).
func LeasesAll() bool { return isCapable(unix.CAP_LEASE) }

// SharesAll reports whether we may change where other people's files lie (allow_file_dedupe of the
// kernel, CAP_SYS_ADMIN).
func SharesAll() bool { return isCapable(unix.CAP_SYS_ADMIN) }

func isCapable(capability int) bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData // 64 bits in two halves
	err := unix.Capget(&header, &data[0])
	return err != nil || data[0].Effective&(1<<capability) != 0
}

// HasNoData reports whether a file is nothing but holes, as far as lseek(2) tells (SEEK_DATA).
func HasNoData(fd int) bool {
	_, err := unix.Seek(fd, 0, unix.SEEK_DATA)
	return err == unix.ENXIO
}

// GuardsLinks reports whether users may make hard links only to files that they own or may write to
// (proc_sys_fs(5), protected_hardlinks).
func GuardsLinks() bool {
	text, err := os.ReadFile("/proc/sys/fs/protected_hardlinks")
	return err == nil && string(text) != "0\n"
}

// AccessToWrite asks for the right to write to an open file, EACCES where it is refused.
func AccessToWrite(fd int) error {
	return retry(func() error { return scan.May(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", fd), unix.W_OK) })
}

// Link gives the very inode that fd is open on a new name: what its
// path leads to by now does not matter. linkat(2) with AT_EMPTY_PATH is for
// the privileged, others are told ENOENT; the way through /proc takes longer.
func Link(fd, _ int, _ string, dir int, base string) error {
	err := retry(func() error { return unix.Linkat(fd, "", dir, base, unix.AT_EMPTY_PATH) })
	if err != unix.ENOENT {
		return err
	}
	return retry(func() error {
		return unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", fd), dir, base, unix.AT_SYMLINK_FOLLOW)
	})
}

// Exchange swaps two names of a directory in one step (renameat2(2)).
func Exchange(dir int, a, b string) error {
	return retry(func() error { return unix.Renameat2(dir, a, dir, b, unix.RENAME_EXCHANGE) })
}

// ExchangeUnknown reports whether err says that the kernel or the filesystem
// has no RENAME_EXCHANGE. EINVAL is what filesystems without it answer.
func ExchangeUnknown(err error) bool {
	return err == unix.EINVAL || err == unix.ENOSYS || err == unix.EOPNOTSUPP
}

// SetDirMtime puts a directory's mtime back (ns) and leaves its atime alone.
func SetDirMtime(dir int, s *scan.Stat) error {
	return setTimesAt(dir, ".", 0, asItIs, s.Mtime)
}

// WithoutData reports whether what a file of an upper layer holds still lies in the layer below
// (overlayfs.rst, "Metadata only copy up"); mounts with userxattr say so in user.*.
func WithoutData(path string) bool {
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

// Immutable reports whether the file or directory is marked immutable or
// append-only (chattr(1) +i, +a).
func Immutable(fd int) bool {
	flags, err := unix.IoctlGetUint32(fd, unix.FS_IOC_GETFLAGS)
	return err == nil && flags&(immutableFlag|appendFlag) != 0
}

// Locked reports whether an open directory is encrypted (fscrypt) and its key is not there:
// then none of its names is found (ENOENT), though nothing is gone. The kernel refuses to
// encrypt a new file before it has made one.
func Locked(dir int, now *scan.Stat) bool {
	if !now.Encrypted {
		return false
	}
	fd, err := OpenUnnamed(dir)
	if err == nil {
		Close(fd)
	}
	return err == unix.ENOKEY
}

// ProjectOf returns the project of a directory that lets in only files of its own (chattr(1)
// +P): link(2) and rename(2) refuse others with EXDEV. 0 if there is no such border.
func ProjectOf(dir int) uint32 {
	attributes, err := ioctl.AttributesOf(dir)
	if err != nil || attributes.Flags&ioctl.ProjectInherit == 0 {
		return 0
	}
	return attributes.Project
}
