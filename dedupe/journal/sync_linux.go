package journal

import (
	"os"

	"golang.org/x/sys/unix"
)

// dataSync is fdatasync(2): the data and the length, but not the times.
func dataSync(f *os.File) error {
	for {
		switch err := unix.Fdatasync(int(f.Fd())); err {
		case nil:
			return nil
		case unix.EINTR:
		default:
			return &os.PathError{Op: "fdatasync", Path: f.Name(), Err: err}
		}
	}
}
