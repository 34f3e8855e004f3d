// Package ring reads many files with one system call, by io_uring(7). The kernel
// gathers the reads before it sends them on, and joins those that lie next to
// each other on the disk into one: small files that were written together mostly
// do.
package ring

// Read is one read, as of pread(2).
type Read struct {
	FD  int
	Buf []byte
	Off int64
	N   int   // bytes read
	Err error // a bare errno
}
