package scan

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan/beneath"
)

// anchor is a directory that a PATH led to. All later opens go beneath it, so
// that nobody can lead them elsewhere by swapping what lies above.
type anchor struct {
	fd   int // -1 while it is not kept open
	id   ID
	real string // absolute path without links, "" if it cannot be told
}

// maxKeptAnchors bounds the descriptors: a login often allows 1024 in all.
const maxKeptAnchors = 128

// anchors keeps a descriptor for each anchor while they are few; with more it
// keeps none, and opens them by their real path when they are needed. It is
// safe for concurrent use after the last add.
type anchors struct {
	mu     sync.Mutex
	list   []anchor
	scarce bool
}

// add takes an anchor; fd stays the caller's. The error is that of a call that
// found no free descriptor.
func (a *anchors) add(fd int, id ID, path string) (int, error) {
	next := anchor{fd: -1, id: id, real: realPath(fd, path)}
	if !a.scarce && len(a.list) >= anchorsWithin(OpenLimit()) {
		a.scarce = true
		a.release(func(x *anchor) bool { return x.real != "" })
	}
	if !a.scarce || next.real == "" {
		own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return 0, err
		}
		next.fd = own
	}
	a.list = append(a.list, next)
	return len(a.list) - 1, nil
}

// release closes the descriptors of those anchors that match.
func (a *anchors) release(match func(*anchor) bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.list {
		if x := &a.list[i]; x.fd >= 0 && match(x) {
			unix.Close(x.fd)
			x.fd = -1
		}
	}
}

// use returns a descriptor of anchor i and whether the caller must close it.
func (a *anchors) use(i uint32) (fd int, own bool, err error) {
	x := a.list[i]
	if x.fd >= 0 {
		return x.fd, false, nil
	}
	if !a.scarce {
		return -1, false, os.ErrClosed
	}
	fd, err = reopen(x)
	return fd, err == nil, err
}

// reopen opens an anchor by its real path and proves that it is the same.
func reopen(x anchor) (int, error) {
	top, err := unix.Open("/", pathFlags, 0)
	if err != nil {
		return -1, err
	}
	defer unix.Close(top)
	fd, err := beneath.Open(top, x.real[1:], pathFlags)
	if err != nil {
		return -1, err
	}
	if st, err := FStat(fd); err != nil || st.ID != x.id {
		unix.Close(fd)
		return -1, fmt.Errorf("%s is not the directory it was when the scan began", x.real)
	}
	return fd, nil
}

// openFollowing opens a directory that the user named: links in it are the
// user's, so they are followed. A long path goes in pieces.
func openFollowing(path string) (int, error) {
	at := unix.AT_FDCWD
	for {
		piece, rest := cutLong(path)
		fd, err := openAt(at, piece, pathFlags)
		if at != unix.AT_FDCWD {
			unix.Close(at)
		}
		if err != nil || rest == "" {
			return fd, err
		}
		at, path = fd, rest
	}
}

// openBelowTop opens the directory that holds a PATH. Below a top no link is
// followed; up to there links are the user's.
func openBelowTop(dir, top string) (int, error) {
	if top == "" {
		return openFollowing(dir)
	}
	below, ok := strings.CutPrefix(dir+"/", strings.TrimSuffix(CleanPath(top), "/")+"/")
	if !ok {
		return -1, unix.EXDEV
	}
	at, err := openTop(top)
	if err != nil {
		return -1, err
	}
	defer unix.Close(at)
	return beneath.Open(at, strings.Trim(below, "/"), pathFlags)
}

// openTop opens a directory as a PATH is: a link of that very name is not followed
// unless a slash asks for it.
func openTop(given string) (int, error) {
	if asksForDirectory(given) {
		return openFollowing(given)
	}
	dir, base := SplitPath(CleanPath(given))
	at, err := openFollowing(dir)
	if err != nil {
		return -1, err
	}
	defer unix.Close(at)
	return beneath.Open(at, base, pathFlags)
}

// openAt is openat(2), repeated while a signal interrupts it.
func openAt(dirfd int, path string, flags int) (int, error) {
	for {
		fd, err := unix.Openat(dirfd, path, flags, 0)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

// cutLong takes what one call accepts off the front of a path; the rest is ""
// for all but the longest.
func cutLong(path string) (piece, rest string) {
	if len(path) <= longestPath {
		return path, ""
	}
	i := strings.LastIndexByte(path[:longestPath], '/')
	if i <= 0 {
		return path, "" // the kernel says ENAMETOOLONG
	}
	return path[:i], strings.TrimLeft(path[i:], "/")
}

// longestPath is one less than the smallest PATH_MAX of the systems supported
// (macOS, FreeBSD: 1024), the NUL included.
const longestPath = 1023

// resolvedPath is the way to a real path without /proc: "" if it cannot be told.
func resolvedPath(path string) string {
	abs, err := Absolute(path)
	if err != nil {
		return ""
	}
	resolved, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return ""
	}
	return resolved
}
