//go:build unix && !linux

package scan

import "golang.org/x/sys/unix"

const (
	pathFlags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC
	lookFlags = unix.O_RDONLY | unix.O_NONBLOCK | unix.O_CLOEXEC
	quietFlag = 0
)

// realPath returns the absolute path without links of fd, opened as path.
func realPath(_ int, path string) string { return resolvedPath(path) }
