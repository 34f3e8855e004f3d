package ioctl

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// direction says that the kernel writes to the caller (_IOC_READ). A few processors have the bits
// elsewhere: they are those of a request that is known.
const direction = unix.FS_IOC_GETFLAGS & 0xe0000000

// Read makes a request, _IOR(kind, number, T) of asm/ioctl.h, and repeats it if a signal
// interrupted it. The error is the bare errno.
func Read[T any](fd int, kind, number uintptr, answer *T) error {
	request := direction | unsafe.Sizeof(*answer)<<16 | kind<<8 | number
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(unsafe.Pointer(answer)))
		switch errno {
		case 0:
			return nil
		case unix.EINTR:
			continue
		}
		return errno
	}
}

// Attributes is the struct fsxattr of linux/fs.h.
type Attributes struct {
	Flags   uint32
	_, _    uint32 // extent size, number of extents
	Project uint32
	_       uint32
	_       [8]byte
}

// Flags of Attributes, FS_XFLAG_… of linux/fs.h.
const (
	Realtime       = 0x1   // the bytes lie on the realtime device of xfs
	ProjectInherit = 0x200 // a directory lets in only files of its own project (chattr(1) +P)
)

// AttributesOf is FS_IOC_FSGETXATTR.
func AttributesOf(fd int) (a Attributes, err error) {
	err = Read(fd, 'X', 31, &a)
	return a, err
}
