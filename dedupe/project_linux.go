package dedupe

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

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
