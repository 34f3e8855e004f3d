package hash

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
)

const (
	// coldSize is from how many bytes on it matters what a file leaves behind in
	// the page cache.
	coldSize = 1 << 20
	// coldPages is what a look at its beginning by another program brings in: the
	// kernel reads ahead some 128 KiB.
	coldPages = 64
)

// isCold reports whether next to nothing of a large file is in the page cache,
// so that what our reading brings in can be taken out again without harm to
// others. False where the kernel (before 6.5) cannot tell, and on an overlay: asked, it
// counts pages of the overlay's own, of which there are none; told to drop, it drops those
// of the layer.
func isCold(fd int, size int64) bool {
	if size < coldSize {
		return false
	}
	pages, err := cachedPages(fd, 0, size)
	return err == nil && pages <= coldPages && !scan.OnOverlay(fd)
}

// isCached reports whether the page cache has all of a range that begins with a page.
// False where the kernel (before 6.5) cannot tell.
func isCached(fd int, off, size int64) bool {
	pages, err := cachedPages(fd, off, size)
	page := int64(os.Getpagesize())
	return err == nil && pages >= (size+page-1)/page
}

// cachedPages is how many pages of a range are in the page cache, cachestat(2).
func cachedPages(fd int, off, size int64) (int64, error) {
	var stat unix.Cachestat_t
	err := unix.Cachestat(uint(fd), &unix.CachestatRange{Off: uint64(off), Len: uint64(size)}, &stat, 0)
	return int64(stat.Cache), err
}

// dropPages takes a range of a file out of the page cache, as far as nobody uses it;
// without a length to the end. The kernel keeps what is dirty. An error costs nothing
// but room.
func dropPages(fd int, from, length int64) { _ = unix.Fadvise(fd, from, length, unix.FADV_DONTNEED) }

// stopReadAhead keeps the kernel from reading ahead of what is asked for. It does so for
// each open file as it sees fit, by as much as the disk is set to, 128 KiB to some MiB:
// most of that is for nothing where files part soon, and what is still on its way
// cannot be dropped. 600 files of 4 to 40 MiB, on a disk set to 8 MiB: 15 % fewer bytes
// came from the disk, and 300 MiB less stayed in the page cache.
// An open file that another has read ahead for goes on with that, even if told not
// to: so each says so. See posix_fadvise(2).
func stopReadAhead(fd int) { _ = unix.Fadvise(fd, 0, 0, unix.FADV_RANDOM) }

// readAhead lets the kernel do so again.
func readAhead(fd int) { _ = unix.Fadvise(fd, 0, 0, unix.FADV_NORMAL) }

// mostStaying is up to how many bytes a file may stay in the page cache for a while: what others
// use must not go for it.
const mostStaying = 256 << 20

// Stay has what is read of an open file stay in the page cache until done is called, for who
// compares it with several others: so the disk is asked for it once. What SameBytes finds there
// it leaves there, so that some pages are enough. A large file is read each time.
func Stay(fd int, size int64) (done func()) {
	if size > mostStaying || !isCold(fd, size) {
		return func() {}
	}
	beginning := make([]byte, min(size, int64((coldPages+1)*os.Getpagesize())))
	_ = readFull(fd, beginning, 0) // who compares will be told
	return func() { dropPages(fd, 0, 0) }
}
