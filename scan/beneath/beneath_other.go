//go:build unix && !linux

package beneath

import "golang.org/x/sys/unix"

// searchFlags opens a directory on the way.
const searchFlags = unix.O_RDONLY

// open goes by components: these systems have no openat2(2).
func open(dirfd int, path []byte, flags int) (int, error) {
	return byComponents(dirfd, path, flags)
}

// opensLinks: O_NOFOLLOW fails at a symbolic link here, whatever else is asked.
func opensLinks(int) bool { return false }
