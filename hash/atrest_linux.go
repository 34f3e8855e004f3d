package hash

import (
	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan/ioctl"
)

// pagesAtRest reports whether no page of the file is dirty or on its way to the
// disk. False where the kernel (before 6.5) cannot tell.
func pagesAtRest(fd int) bool {
	var stat unix.Cachestat_t
	err := unix.Cachestat(uint(fd), &unix.CachestatRange{}, &stat, 0) // no length: to the end
	return err == nil && stat.Dirty == 0 && stat.Writeback == 0
}

// onOtherDevice reports whether the bytes of an open file lie on another device
// than its neighbours', so that equal addresses mean nothing: xfs has one for
// files that are marked as realtime. True where that cannot be told.
func onOtherDevice(fd int) bool {
	attributes, err := ioctl.AttributesOf(fd)
	return err != nil || attributes.Flags&ioctl.Realtime != 0
}
