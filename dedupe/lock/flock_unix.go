//go:build unix

package lock

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Try takes the exclusive lock of an open file (flock(2)) without waiting; it
// ends when the file is closed or the process dies. It reports false when
// another open file has it. Who only asks (Held) does not count: that takes microseconds.
func Try(f *os.File) (bool, error) {
	for {
		free, err := try(f, unix.LOCK_EX)
		if free || err != nil {
			return free, err
		}
		if asked, err := try(f, unix.LOCK_SH); !asked || err != nil {
			return false, nil
		}
		if err := flock(f, unix.LOCK_UN); err != nil {
			return false, err
		}
		time.Sleep(time.Millisecond / 10)
	}
}

// Held reports whether another open file has the exclusive lock. Any number may ask
// at the same time.
func Held(f *os.File) (bool, error) {
	free, err := try(f, unix.LOCK_SH)
	if free {
		err = flock(f, unix.LOCK_UN)
	}
	return !free && err == nil, err
}

// try takes a lock of a kind, or reports false where another open file's is in its way.
func try(f *os.File, kind int) (bool, error) {
	for {
		err := flock(f, kind|unix.LOCK_NB)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EWOULDBLOCK):
			return false, nil
		}
		return err == nil, err
	}
}

// flock is flock(2), whose error tells the file.
func flock(f *os.File, how int) error {
	if err := unix.Flock(int(f.Fd()), how); err != nil {
		return &os.PathError{Op: "flock", Path: f.Name(), Err: err}
	}
	return nil
}
