package kernel

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan/ioctl"
)

// DedupeRange has the kernel compare a range of two files and, if they agree,
// share the first one's blocks (ioctl_fideduperange(2)). Descriptors open for
// reading will do for root and for the owner of the second file (Linux 4.19). It
// returns how much of the range is shared now, and whether it was the same.
func DedupeRange(from, to int, at, length int64) (n int64, same bool, err error) {
	r := unix.FileDedupeRange{
		Src_offset: uint64(at), Src_length: uint64(length),
		Info: []unix.FileDedupeRangeInfo{{Dest_fd: int64(to), Dest_offset: uint64(at)}},
	}
	if err := retry(func() error { return unix.IoctlFileDedupeRange(from, &r) }); err != nil {
		return 0, false, err
	}
	switch status := r.Info[0].Status; {
	case status == unix.FILE_DEDUPE_RANGE_DIFFERS:
		return 0, false, nil
	case status < 0:
		return 0, false, unix.Errno(-status)
	}
	return int64(r.Info[0].Bytes_deduped), true, nil
}

// UnshareRange has the kernel copy shared blocks (fallocate(2)). Of the
// filesystems with reflinks xfs can; btrfs says EOPNOTSUPP.
func UnshareRange(fd int, at, length int64) error {
	return retry(func() error {
		return unix.Fallocate(fd, unix.FALLOC_FL_KEEP_SIZE|unix.FALLOC_FL_UNSHARE_RANGE, at, length)
	})
}

// Rewrite writes a range with the bytes that it has. Whoever opens the file
// meanwhile waits, but not for ever (/proc/sys/fs/lease-break-time, 45 s): so it
// asks mayWrite between each read and its write, and ends with its error.
func Rewrite(fd int, at, length int64, mayWrite func() error) error {
	return pump(fd, fd, at, at+length, WriteAll, mayWrite)
}

// noCowFlag is FS_NOCOW_FL of linux/fs.h.
const noCowFlag = 0x00800000

// WithoutCow reports whether btrfs overwrites the file in place.
func WithoutCow(fd int) bool {
	flags, err := unix.IoctlGetUint32(fd, unix.FS_IOC_GETFLAGS)
	return err == nil && flags&noCowFlag != 0
}

// Of struct btrfs_ioctl_get_subvol_info_args in linux/btrfs.h: its size, where its flags are, and
// BTRFS_ROOT_SUBVOL_RDONLY in them.
const (
	subvolumeInfoBytes = 504
	subvolumeFlags     = 8 + 256 + 3*8
	subvolumeReadOnly  = 1
)

// ReadOnlySubvolume reports whether the file lies in a subvolume of btrfs that
// cannot be written to (BTRFS_IOC_GET_SUBVOL_INFO, Linux 4.18).
func ReadOnlySubvolume(fd int) bool {
	var info [subvolumeInfoBytes]byte
	err := ioctl.Read(fd, 0x94, 60, &info)
	return err == nil && binary.NativeEndian.Uint64(info[subvolumeFlags:])&subvolumeReadOnly != 0
}
