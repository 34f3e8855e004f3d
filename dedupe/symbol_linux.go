package dedupe

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
)

// MakesSymlinks tells whether LinkSymlink is for this system.
const MakesSymlinks = true

// makeSymlink is symlinkat(2).
func makeSymlink(target string, dir int, base string) error {
	return retry(func() error { return unix.Symlinkat(target, dir, base) })
}

// openSymlink gets a descriptor of a symbolic link itself (open(2), O_PATH):
// whatever becomes of its name, what is done through it is done to that link.
func openSymlink(dir int, base string) (fd int, err error) {
	return openat(dir, base, unix.O_PATH|unix.O_NOFOLLOW, 0)
}

// lookThrough looks a path up from a directory, following every link, and opens
// nothing: a device or FIFO that it may lead to does not notice.
func lookThrough(dir int, path string) (fd int, err error) {
	return openat(dir, path, unix.O_PATH, 0)
}

// openAgain opens the very file of an O_PATH descriptor for reading.
func openAgain(fd int) (int, error) {
	return openQuietly(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", fd), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY)
}

// dressSymlink gives a symbolic link owner, group and mtime of a file, through
// its own descriptor: its name may be another file's by now, and root must not
// give that away. The mtime is for people only, and old kernels (before 5.8)
// cannot set it so.
func dressSymlink(fd int, like *scan.Stat) error {
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

// realPath is the absolute path of an open directory, without links.
func realPath(fd int) (string, error) { return os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd)) }
