package kernel

import (
	"errors"
	"math"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
)

// asItIs as a time to set means that it is left alone: scan.IsFar.
const asItIs = math.MaxInt64

// timespec is a time to set with 64 bits, whatever the processor has. One that is not known
// (scan.IsFar) is not touched.
type timespec struct{ sec, nsec int64 }

func timespecOf(ns int64) timespec {
	if scan.IsFar(ns) {
		return timespec{nsec: unix.UTIME_OMIT}
	}
	sec, nsec := ns/1e9, ns%1e9
	if nsec < 0 {
		sec, nsec = sec-1, nsec+1e9
	}
	return timespec{sec, nsec}
}

// SetTimes is futimens(3), in ns.
func SetTimes(fd int, atime, mtime int64) error { return setTimesAt(fd, "", 0, atime, mtime) }

// setTimesAt is utimensat(2) of name in dir, with times in ns; without a name dir is the open
// file itself, which is futimens(3), or AT_EMPTY_PATH if flags say so.
func setTimesAt(dir int, name string, flags int, atime, mtime int64) error {
	path, err := unix.BytePtrFromString(name)
	if err != nil {
		return err
	}
	if name == "" && flags == 0 {
		path = nil
	}
	times := [2]timespec{timespecOf(atime), timespecOf(mtime)}
	err = retry(func() error { return utimensat(sysUtimensat, dir, path, unsafe.Pointer(&times), flags) })
	if isNarrow && (err == unix.ENOSYS || err == unix.EPERM) { // Linux 5.1 brought it, filters may not know it
		err = setNarrowTimes(dir, path, times, flags)
	}
	return err
}

func utimensat(call uintptr, dir int, path *byte, times unsafe.Pointer, flags int) error {
	_, _, errno := unix.Syscall6(call, uintptr(dir), uintptr(unsafe.Pointer(path)), uintptr(times), uintptr(flags), 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// ErrNarrow: no errno, of which each means something else.
var ErrNarrow = errors.New("a time beyond 2038 cannot be set by this kernel on a processor of 32 bits (Linux 5.1 can)")

// setNarrowTimes is the call that 32-bit processors had first: its times end in 2038.
func setNarrowTimes(dir int, path *byte, times [2]timespec, flags int) error {
	var narrow [2]struct{ sec, nsec int32 }
	for i, t := range times {
		if int64(int32(t.sec)) != t.sec {
			return ErrNarrow
		}
		narrow[i].sec, narrow[i].nsec = int32(t.sec), int32(t.nsec)
	}
	return retry(func() error { return utimensat(unix.SYS_UTIMENSAT, dir, path, unsafe.Pointer(&narrow), flags) })
}
