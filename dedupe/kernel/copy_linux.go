package kernel

import (
	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
)

// OpenUnnamed makes an inode in dir that has no name yet (open(2), O_TMPFILE):
// if we die, nothing of it is left.
func OpenUnnamed(dir int) (fd int, err error) {
	return openat(dir, ".", unix.O_RDWR|unix.O_TMPFILE, 0o600)
}

// CreateUnnamed is OpenUnnamed; where the filesystem cannot, the inode gets the
// name named, and the caller removes that.
func CreateUnnamed(dir int, named string) (fd int, hasName bool, err error) {
	if fd, err = OpenUnnamed(dir); err == nil {
		return fd, false, nil
	}
	fd, err = createNamed(dir, named)
	return fd, true, err
}

// createNamed makes an inode with a name that nobody has.
func createNamed(dir int, named string) (fd int, err error) {
	return openat(dir, named, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW, 0o600)
}

// Clone makes dst share all extents of src (ioctl_ficlone(2)).
func Clone(dst, src int) error {
	return retry(func() error { return unix.IoctlFileClone(dst, src) })
}

// CopyData copies size bytes, data only: holes stay holes (lseek(2), SEEK_DATA).
func CopyData(dst, src int, size int64) error {
	if err := unix.Ftruncate(dst, size); err != nil {
		return err
	}
	if holesUntold(src, size) {
		return pump(dst, src, 0, size, writeSparse, nil)
	}
	for at := int64(0); at < size; {
		from, to := nextData(src, at, size)
		if from >= size {
			return nil
		}
		if err := copyRange(dst, src, from, to); err != nil {
			return err
		}
		at = to
	}
	return nil
}

// nextData finds the next stretch of data at or after at; from == size means none.
func nextData(fd int, at, size int64) (from, to int64) {
	from, err := unix.Seek(fd, at, unix.SEEK_DATA)
	switch err {
	case nil:
	case unix.ENXIO:
		return size, size
	default: // no notion of holes: all is data
		return at, size
	}
	if to, err = unix.Seek(fd, from, unix.SEEK_HOLE); err != nil {
		to = size
	}
	return from, min(to, size)
}

// holesUntold reports whether a file takes less than its size, and its filesystem does not
// say where: ext2, jfs, udf, NFS before 4.2.
func holesUntold(fd int, size int64) bool {
	now, err := scan.FStatNow(fd)
	if err != nil || now.Allocated >= size {
		return false
	}
	hole, err := unix.Seek(fd, 0, unix.SEEK_HOLE)
	return allData(hole, size, err)
}

// allData reports whether lseek(2) has found no hole before the end, or cannot look for one.
func allData(hole, size int64, err error) bool { return err != nil || hole >= size }

// copyRange is copy_file_range(2), by read and write where that is refused.
func copyRange(dst, src int, from, to int64) error {
	for from < to {
		in, out := from, from
		n, err := unix.CopyFileRange(src, &in, dst, &out, int(min(to-from, 1<<30)), 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return pump(dst, src, from, to, WriteAll, nil)
		}
		from += int64(n)
	}
	return nil
}

// FreeBytes is what an ordinary user may still write to the filesystem of fd. One without a
// limit (ramfs, tmpfs with size=0) calls itself empty and full at once.
func FreeBytes(fd int) (int64, error) {
	var s unix.Statfs_t
	if err := retry(func() error { return unix.Fstatfs(fd, &s) }); err != nil {
		return 0, err
	}
	return freeOf(&s)
}

// freeOf goes by what blocks are counted in (statvfs(3), f_frsize): f_bsize is only how much is
// best read at once, 128 KiB of 512 bytes each where sshfs shows a server with ZFS.
func freeOf(s *unix.Statfs_t) (int64, error) {
	if s.Blocks == 0 {
		return 0, unix.ENODATA
	}
	return int64(s.Bavail) * int64(s.Frsize), nil
}

func IsTmpfs(fd int) bool {
	var s unix.Statfs_t
	return unix.Fstatfs(fd, &s) == nil && s.Type == unix.TMPFS_MAGIC
}
