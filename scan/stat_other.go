//go:build unix && !linux

package scan

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// FStat describes an open file. The error is the bare errno.
func FStat(fd int) (Stat, error) {
	var raw unix.Stat_t
	var st Stat
	err := unix.Fstat(fd, &raw)
	if err == nil {
		fromStat(&raw, &st)
	}
	return st, err
}

// FStatNow is FStat: there is no way to ask for more.
func FStatNow(fd int) (Stat, error) { return FStat(fd) }

// StatAtNow is StatAt.
func StatAtNow(dirfd int, base string) (Stat, error) { return StatAt(dirfd, base) }

// StatAt describes a directory entry, never following a symbolic link and never
// opening it. The error is an *fs.PathError with base alone as its path.
func StatAt(dirfd int, base string) (Stat, error) {
	var st Stat
	if err := statName(dirfd, base, &st); err != nil {
		return st, &fs.PathError{Op: "stat", Path: base, Err: err}
	}
	return st, nil
}

// statName is fstatat(2), repeated while a signal interrupts it.
func statName(dirfd int, name string, st *Stat) error {
	var raw unix.Stat_t
	for {
		err := unix.Fstatat(dirfd, name, &raw, unix.AT_SYMLINK_NOFOLLOW)
		if err == unix.EINTR {
			continue
		}
		if err == nil {
			fromStat(&raw, st)
		}
		return err
	}
}

// readLink returns what a symbolic link says, "" for what is none, and who owns it.
func readLink(path string) (to string, uid int, err error) {
	to, err = os.Readlink(path)
	if errors.Is(err, unix.EINVAL) {
		return "", 0, nil
	}
	if err != nil {
		return "", 0, err
	}
	st, err := StatAt(unix.AT_FDCWD, path)
	return to, int(st.UID), err
}
