package beneath

import (
	"bytes"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// resolve is the promise of this package in the words of openat2(2).
	resolve = unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_BENEATH | unix.RESOLVE_NO_MAGICLINKS
	// pathOnly are the flags that openat2(2) takes beside O_PATH; it refuses
	// others, where openat(2) ignores them.
	pathOnly = unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC
	// attempts at a path whose look-up the kernel gave up because of a rename or
	// mount meanwhile. EAGAIN may also come from the open itself (a leased file
	// and O_NONBLOCK), so it must end.
	attempts = 16
	// searchFlags opens a directory on the way: O_PATH needs no read permission.
	searchFlags = unix.O_PATH
)

// available tells once whether openat2(2) can be used: older kernels say
// ENOSYS, and seccomp filters that do not know it say EPERM. It is asked with a
// call that can have no other reason to fail so, since EPERM is also the answer
// to O_NOATIME on the file of somebody else.
var available = sync.OnceValue(func() bool {
	fd, err := openat2(unix.AT_FDCWD, []byte{'/', 0}, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	unix.Close(fd)
	return true
})

func open(dirfd int, path []byte, flags int) (int, error) {
	if !available() {
		return byComponents(dirfd, path, flags)
	}
	return byPieces(dirfd, path, flags)
}

// byPieces opens path in as few calls as its length allows.
func byPieces(dirfd int, path []byte, flags int) (int, error) {
	at := dirfd
	for {
		piece, rest, err := cut(path)
		if err != nil {
			closeOther(at, dirfd)
			return -1, err
		}
		fd, err := one(at, piece, stepFlags(len(rest) == 0, flags))
		closeOther(at, dirfd)
		if err != nil || len(rest) == 0 {
			return fd, err
		}
		at, path = fd, rest
	}
}

func closeOther(fd, keep int) {
	if fd != keep {
		unix.Close(fd)
	}
}

// cut takes the longest piece that the kernel accepts off the front of path.
func cut(path []byte) (piece, rest []byte, err error) {
	if len(path) < pathMax {
		return path, nil, nil
	}
	i := bytes.LastIndexByte(path[:pathMax], '/')
	if i < 0 {
		return nil, nil, unix.ENAMETOOLONG
	}
	return path[:i], bytes.TrimLeft(path[i:], "/"), nil
}

// one opens a path shorter than PATH_MAX.
func one(dirfd int, path []byte, flags int) (int, error) {
	var small [512]byte
	name := append(append(small[:0], path...), 0)
	for range attempts {
		if fd, err := openat2(dirfd, name, flags, resolve); !isGivenUp(err) {
			return fd, err
		}
	}
	return byComponents(dirfd, path, flags)
}

// isGivenUp tells errors of a change during the look-up. EXDEV is one: no path
// here is absolute or holds "..", so the kernel says it only of what was moved
// out of the directory after it was found there (complete_walk in fs/namei.c).
func isGivenUp(err error) bool {
	return err == unix.EAGAIN || err == unix.EXDEV
}

// openat2 is the system call without the allocations of the usual wrapper.
// name ends in NUL. O_NOFOLLOW is dropped: beside O_PATH it would open a
// symbolic link itself, where RESOLVE_NO_SYMLINKS alone refuses it.
func openat2(dirfd int, name []byte, flags int, how uint64) (int, error) {
	flags &^= unix.O_NOFOLLOW
	if flags&unix.O_PATH != 0 {
		flags &= pathOnly
	} else {
		flags |= unix.O_LARGEFILE
	}
	args := unix.OpenHow{Flags: uint64(flags), Resolve: how}
	for {
		fd, _, errno := unix.Syscall6(unix.SYS_OPENAT2, uintptr(dirfd), uintptr(unsafe.Pointer(&name[0])),
			uintptr(unsafe.Pointer(&args)), unsafe.Sizeof(args), 0, 0)
		switch errno {
		case 0:
			return int(fd), nil
		case unix.EINTR:
			continue
		}
		return -1, errno
	}
}

// opensLinks reports whether an open with these flags yields a descriptor of a
// symbolic link instead of failing at it.
func opensLinks(flags int) bool {
	return flags&unix.O_PATH != 0 && flags&unix.O_DIRECTORY == 0
}
