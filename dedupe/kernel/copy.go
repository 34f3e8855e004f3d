package kernel

import (
	"bytes"
	"fmt"

	"golang.org/x/sys/unix"
)

// pump copies by pread and pwrite. Between each read and its write it asks
// mayWrite, if there is one, and ends with its error.
func pump(dst, src int, from, to int64, write func(int, []byte, int64) error, mayWrite func() error) error {
	buf := make([]byte, min(256<<10, to-from))
	for from < to {
		n, err := unix.Pread(src, buf[:min(int64(len(buf)), to-from)], from)
		if err == unix.EINTR {
			continue
		}
		if err == nil && n == 0 {
			err = fmt.Errorf("file ends at %d of %d bytes", from, to)
		}
		if err == nil && mayWrite != nil {
			err = mayWrite()
		}
		if err != nil {
			return err
		}
		if err := write(dst, buf[:n], from); err != nil {
			return err
		}
		from += int64(n)
	}
	return nil
}

// writeSparse is WriteAll into a file of zeros: what is zero is not written.
func writeSparse(fd int, b []byte, at int64) error {
	const block = 4096 // bytes; smaller holes are rarely made
	for len(b) > 0 {
		n := min(block, len(b))
		if len(bytes.TrimLeft(b[:n], "\x00")) > 0 {
			if err := WriteAll(fd, b[:n], at); err != nil {
				return err
			}
		}
		b, at = b[n:], at+int64(n)
	}
	return nil
}
