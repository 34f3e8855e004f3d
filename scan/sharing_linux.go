package scan

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan/ioctl"
)

// What linux/btrfs.h and the xfs headers define: the size of what a request
// fills in, and offsets in that.
const (
	btrfsInfoBytes = 1024 // struct btrfs_ioctl_fs_info_args
	btrfsInfoUUID  = 16

	xfsGeometryBytes = 256 // struct xfs_fsop_geom
	xfsGeometryFlags = 92
	xfsReflink       = 1 << 20 // XFS_FSOP_GEOM_FLAGS_REFLINK
)

// sharing tells which filesystem fd is on, whatever subvolume or mount it is
// seen through, and whether its files can share blocks. It only asks: by type,
// and for xfs by the feature flags that its superblock has.
//
// Every btrfs has reflinks, and each subvolume of it a device number of its own:
// its UUID tells that they are one. Others have one number for all.
func sharing(fd int, magic int64, dev uint64) (superblock uint64, reflinks bool) {
	switch magic & 0xffffffff {
	case unix.BTRFS_SUPER_MAGIC:
		if uuid, ok := btrfsUUID(fd); ok {
			return uuid, true
		}
		return dev, true
	case unix.XFS_SUPER_MAGIC:
		return dev, xfsShares(fd)
	case bcachefsMagic:
		return dev, true
	}
	return dev, false
}

func btrfsUUID(fd int) (uint64, bool) {
	var info [btrfsInfoBytes]byte
	if !ask(fd, 0x94, 31, &info) {
		return 0, false
	}
	uuid := info[btrfsInfoUUID:]
	return binary.NativeEndian.Uint64(uuid) ^ binary.NativeEndian.Uint64(uuid[8:]), true
}

func xfsShares(fd int) bool {
	var geometry [xfsGeometryBytes]byte
	return ask(fd, 'X', 126, &geometry) && binary.NativeEndian.Uint32(geometry[xfsGeometryFlags:])&xfsReflink != 0
}

// ask is ioctl.Read. A descriptor that only names its file (O_PATH) takes no requests: the file
// is opened once more, by the descriptor and for reading.
func ask[T any](fd int, kind, number uintptr, answer *T) bool {
	err := ioctl.Read(fd, kind, number, answer)
	if err != unix.EBADF {
		return err == nil
	}
	again, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", fd), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(again)
	return ioctl.Read(again, kind, number, answer) == nil
}
