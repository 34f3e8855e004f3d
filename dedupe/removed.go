package dedupe

import (
	"sync"

	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/scan"
)

// maxRemoved is how many removed files are held open at most: enough that a flush for each such
// lot does not show.
const maxRemoved = 128

// lotOf is how many are held where so many files may be open: few, since the workers have theirs
// open, too, and the next lot gathers while one is let go.
func lotOf(limit int) int { return max(1, min(maxRemoved, limit/8)) }

// removed holds files that have lost their last name open until that is on disk. Where blocks of
// a removed file may be used again before (scan.Filesystem.Writeback), a name could lead to the
// old file once more after a power cut, with bytes of another one in it: 3 of 565 cuts. Safe
// for concurrent use; the zero value is empty.
type removed struct {
	mu    sync.Mutex
	files []*handle
	disk  sync.Mutex // held while a lot is let go: one at a time
}

// hold takes a file over.
func (r *removed) hold(h *handle) {
	kernel.EndLease(h.fd) // there is nothing to guard any more
	r.mu.Lock()
	r.files = append(r.files, h)
	full := len(r.files) >= lotOf(scan.OpenLimit())
	r.mu.Unlock()
	if full {
		r.settle()
	}
}

// settle lets the files go when the removal of their names is on disk. Where it cannot be
// flushed nothing more can be done for them.
func (r *removed) settle() {
	r.disk.Lock()
	defer r.disk.Unlock()
	r.mu.Lock()
	files := r.files
	r.files = nil
	r.mu.Unlock()
	flushed := map[uint64]bool{}
	for _, h := range files {
		if !flushed[h.stat.Dev] {
			_ = kernel.SyncFilesystem(h.fd)
			flushed[h.stat.Dev] = true
		}
	}
	for _, h := range files {
		h.close()
	}
}
