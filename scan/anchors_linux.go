package scan

import (
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

const (
	// pathFlags opens a directory only to reach its entries: that needs no permission to read it.
	pathFlags = unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC
	// lookFlags opens anything without really opening it.
	lookFlags = unix.O_PATH | unix.O_CLOEXEC
	// quietFlag leaves the access time alone: EPERM unless the file is one's own.
	quietFlag = unix.O_NOATIME
)

// realPath returns the absolute path without links of fd, opened as path.
func realPath(fd int, path string) string {
	link, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
	if err == nil && filepath.IsAbs(link) {
		return link
	}
	return resolvedPath(path)
}
