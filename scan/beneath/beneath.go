// Package beneath opens paths below a directory descriptor without following
// a symbolic link in any component and without leaving that directory.
//
// A path may have any length: the kernel takes at most PATH_MAX bytes at once
// (path_resolution(7)), so longer ones are opened in pieces. Paths are relative
// and hold no ".." component, as those of a walk never do.
package beneath

import (
	"bytes"

	"golang.org/x/sys/unix"
)

// pathMax is the longest path that one call takes, the closing NUL included
// (PATH_MAX of Linux; the other systems allow 1024 and go by components anyway).
const pathMax = 4096

// Open opens path beneath dirfd. "" and "." name the directory itself. flags
// are those of open(2) without O_CREAT; O_NOFOLLOW and O_CLOEXEC are implied.
//
// The error is the bare errno: ELOOP for a symbolic link anywhere in the path,
// EXDEV for a path that is absolute or holds "..", EINVAL for a NUL byte. It
// keeps no state and is safe for concurrent use.
func Open[P ~string | ~[]byte](dirfd int, path P, flags int) (fd int, err error) {
	var small [512]byte
	buf := small[:0]
	if len(path) == 0 {
		buf = append(buf, '.')
	}
	buf = append(buf, path...)
	if err := check(buf); err != nil {
		return -1, err
	}
	return open(dirfd, buf, flags|unix.O_NOFOLLOW|unix.O_CLOEXEC)
}

// OpenDir opens a directory as Open does. Without permission to list it fd is good for
// reaching its entries only.
func OpenDir[P ~string | ~[]byte](dirfd int, path P) (fd int, err error) {
	fd, err = Open(dirfd, path, unix.O_RDONLY|unix.O_DIRECTORY)
	if err == unix.EACCES {
		fd, err = Open(dirfd, path, searchFlags|unix.O_DIRECTORY)
	}
	return fd, err
}

// check refuses what no walk produces and what pieces could not judge: a ".."
// in the second piece would be taken relative to the end of the first.
func check(path []byte) error {
	if path[0] == '/' {
		return unix.EXDEV
	}
	if bytes.IndexByte(path, 0) >= 0 {
		return unix.EINVAL
	}
	if !bytes.Contains(path, []byte("..")) {
		return nil
	}
	for more := true; more; {
		var part []byte
		if part, path, more = bytes.Cut(path, []byte("/")); string(part) == ".." {
			return unix.EXDEV
		}
	}
	return nil
}

// byComponents opens path one component at a time, each with O_NOFOLLOW: as
// safe as openat2(2), and slower by a call for each directory on the way.
func byComponents(dirfd int, path []byte, flags int) (int, error) {
	at := dirfd
	for {
		part, rest, more := bytes.Cut(path, []byte("/"))
		rest = bytes.TrimLeft(rest, "/")
		if len(rest) == 0 && more {
			flags |= unix.O_DIRECTORY // a trailing slash asks for a directory
		}
		last := len(rest) == 0
		fd, err := component(at, string(part), stepFlags(last, flags))
		if at != dirfd {
			unix.Close(at)
		}
		if err != nil || last {
			return fd, err
		}
		at, path = fd, rest
	}
}

// stepFlags gives the flags for the last component or for one on the way.
func stepFlags(last bool, flags int) int {
	if last {
		return flags
	}
	return searchFlags | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC
}

// component opens one name, never a symbolic link.
func component(at int, name string, flags int) (int, error) {
	fd, err := retry(func() (int, error) { return unix.Openat(at, name, flags, 0) })
	if err != nil {
		return -1, linkError(at, name, err)
	}
	if !opensLinks(flags) || !isLink(fd) {
		return fd, nil
	}
	unix.Close(fd)
	return -1, unix.ELOOP
}

// linkError tells a symbolic link from other non-directories: with O_DIRECTORY
// the kernel says ENOTDIR for both, and FreeBSD has a word of its own.
func linkError(at int, name string, err error) error {
	var st unix.Stat_t
	if err != unix.ENOTDIR && err != unix.EMLINK {
		return err
	}
	if unix.Fstatat(at, name, &st, unix.AT_SYMLINK_NOFOLLOW) == nil && st.Mode&unix.S_IFMT == unix.S_IFLNK {
		return unix.ELOOP
	}
	return err
}

// isLink reports whether fd was opened on a symbolic link itself, as O_PATH does.
func isLink(fd int) bool {
	var st unix.Stat_t
	return unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFLNK
}

// retry repeats a call that a signal interrupted.
func retry(call func() (int, error)) (int, error) {
	for {
		if fd, err := call(); err != unix.EINTR {
			return fd, err
		}
	}
}
