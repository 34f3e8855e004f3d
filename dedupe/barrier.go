package dedupe

import (
	"time"

	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/scan"
)

// clockMargin covers what a timestamp may lag behind the clock: a tick of the
// kernel's coarse clock (at most 10 ms) on most filesystems, a whole second on
// ext4 with 128-byte inodes and the like.
const clockMargin = 2 * time.Second

// Barrier is a moment, before any content is read, at which the filesystems
// were flushed (syncfs(2)). It answers two questions by a file's ctime alone:
//
//   - Is its data on disk? Whatever was written before the barrier is.
//   - Can its content have moved without its times? A store through a shared
//     mapping moves the times only when it hits a clean page; flushing cleans
//     them all. So a file whose ctime lies before the barrier had no dirty page
//     when it was read, and any later store shows in its ctime. In memory (tmpfs)
//     pages are never clean, and it covers nothing.
//
// A file that has changed since is treated with more care: its data is flushed
// by itself, and it is compared byte for byte under leases.
type Barrier struct {
	at      int64                // ns; files with a later ctime are not covered
	flushed map[scan.Domain]bool // syncfs succeeded, and cleaned the pages
}

// Settle flushes every filesystem that the tree lies on. A flush that fails is
// no error: the files there are then handled as if they had just been written.
func Settle(tree *scan.Tree) Barrier {
	b := Barrier{at: time.Now().Add(-clockMargin).UnixNano(), flushed: map[scan.Domain]bool{}}
	devices := map[uint64]bool{}
	seen := map[scan.Domain]bool{}
	filesystems := tree.Filesystems()
	for n := scan.Name(0); int(n) < tree.Len() && len(seen) < len(filesystems); n++ {
		d := tree.Domain(n)
		if seen[d] {
			continue
		}
		seen[d] = true
		dev := filesystems[d].Dev
		if _, done := devices[dev]; !done {
			devices[dev] = flush(tree, tree.Dir(n))
		}
		b.flushed[d] = devices[dev] && !filesystems[d].InMemory
	}
	return b
}

// flush syncs the filesystem that holds the directory.
func flush(tree *scan.Tree, d scan.Dir) bool {
	fd, err := tree.OpenDir(d)
	if err != nil {
		return false
	}
	defer kernel.Close(fd)
	return kernel.SyncFilesystem(fd) == nil
}

// covers reports whether a file of the domain with this ctime (ns) has been
// quiet and on disk since the barrier.
func (b Barrier) covers(d scan.Domain, ctime int64) bool {
	return b.flushed[d] && ctime < b.at
}
