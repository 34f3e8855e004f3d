package hash

import "golang.org/x/sys/unix"

const (
	// coldSize is from how many bytes on it matters what a file leaves behind in
	// the page cache.
	coldSize = 1 << 20
	// coldPages is what the first stage brings in with its one read: the kernel
	// reads ahead some 128 KiB.
	coldPages = 64
)

// isCold reports whether next to nothing of a large file is in the page cache,
// so that what our reading brings in can be taken out again without harm to
// others. False where the kernel (before 6.5) cannot tell.
func isCold(fd int, size int64) bool {
	if size < coldSize {
		return false
	}
	var stat unix.Cachestat_t
	err := unix.Cachestat(uint(fd), &unix.CachestatRange{Len: uint64(size)}, &stat, 0)
	return err == nil && stat.Cache <= coldPages
}

// dropPages takes a range of a file out of the page cache, as far as nobody uses it;
// without a length to the end. The kernel keeps what is dirty. An error costs nothing
// but room.
func dropPages(fd int, from, length int64) { _ = unix.Fadvise(fd, from, length, unix.FADV_DONTNEED) }
