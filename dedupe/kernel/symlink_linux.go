package kernel

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
)

// MakesSymlinks tells whether LinkSymlink is for this system.
const MakesSymlinks = true

// Symlink is symlinkat(2).
func Symlink(target string, dir int, base string) error {
	return retry(func() error { return unix.Symlinkat(target, dir, base) })
}

// OpenSymlink gets a descriptor of a symbolic link itself (open(2), O_PATH):
// whatever becomes of its name, what is done through it is done to that link.
func OpenSymlink(dir int, base string) (fd int, err error) {
	return openat(dir, base, unix.O_PATH|unix.O_NOFOLLOW, 0)
}

// LookThrough looks a path up from a directory, following every link, and opens
// nothing: a device or FIFO that it may lead to does not notice.
func LookThrough(dir int, path string) (fd int, err error) {
	return openat(dir, path, unix.O_PATH, 0)
}

// OpenAgain opens the very file of an O_PATH descriptor for reading.
func OpenAgain(fd int) (int, error) {
	return openQuietly(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", fd), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY)
}

// DressSymlink gives a symbolic link owner, group and mtime of a file, through
// its own descriptor: its name may be another file's by now, and root must not
// give that away. The mtime is for people only, and old kernels (before 5.8)
// cannot set it so.
func DressSymlink(fd int, like *scan.Stat) error {
	now, err := scan.FStatNow(fd)
	if err != nil {
		return err
	}
	if now.UID != like.UID || now.GID != like.GID {
		err := retry(func() error { return unix.Fchownat(fd, "", int(like.UID), int(like.GID), unix.AT_EMPTY_PATH) })
		if err != nil {
			return err
		}
	}
	_ = setTimesAt(fd, "", unix.AT_EMPTY_PATH, asItIs, like.Mtime)
	return nil
}

// RealPath is the absolute path of an open directory, without links.
func RealPath(fd int) (string, error) { return os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd)) }
