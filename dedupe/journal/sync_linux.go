package journal

import (
	"os"

	"golang.org/x/sys/unix"
)

// dataSync is fdatasync(2): the data and the length, but not the times.
func dataSync(f *os.File) error {
	for {
		if err := unix.Fdatasync(int(f.Fd())); err != unix.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
