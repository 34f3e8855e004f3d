package hash

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// pagesAtRest reports whether no page of the file is dirty or on its way to the
// disk. False where the kernel (before 6.5) cannot tell.
func pagesAtRest(fd int) bool {
	var stat unix.Cachestat_t
	err := unix.Cachestat(uint(fd), &unix.CachestatRange{}, &stat, 0) // no length: to the end
	return err == nil && stat.Dirty == 0 && stat.Writeback == 0
}

// fsxattr is the struct of FS_IOC_FSGETXATTR (linux/fs.h).
type fsxattr struct {
	xflags uint32
	_      [4]uint32
	_      [8]byte
}

const (
	fsIocFsGetXattr = 0x801c581f // _IOR('X', 31, struct fsxattr), but for MIPS and PowerPC
	xflagRealtime   = 0x1        // FS_XFLAG_REALTIME
)

// onOtherDevice reports whether the bytes of an open file lie on another device
// than its neighbours', so that equal addresses mean nothing: xfs has one for
// files that are marked as realtime. True where that cannot be told.
func onOtherDevice(fd int) bool {
	var attr fsxattr
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), fsIocFsGetXattr, uintptr(unsafe.Pointer(&attr)))
	return errno != 0 || attr.xflags&xflagRealtime != 0
}
