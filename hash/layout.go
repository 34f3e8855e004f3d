package hash

import (
	"sync"

	"github.com/oneinode/oneinode/hash/extents"
	"github.com/oneinode/oneinode/scan"
)

// layout is what a search learned of files that share extents with others. Safe
// for concurrent use; nil and empty where nothing is shared.
type layout struct {
	mu     sync.Mutex
	shared map[scan.Name]int64 // bytes
	// places numbers, from 1, where files lie that share all they have; 0 where
	// that has turned out to be no ground to stand on.
	places map[place]uint32
	of     map[scan.Name]uint32
	starts map[scan.Name]int64 // where large files begin, on spinning disks
}

// place is where a file lies: equal for two files only if they have the same
// extents, and so the same bytes.
type place struct {
	fs   uint64 // its Superblock
	size int64
	key  Digest // BLAKE3 of extents.AppendKey
}

// Shared returns how many of the bytes that a member takes do not become free
// with it, since other files or snapshots use them too.
func (r *Result) Shared(m Member) int64 {
	if r.layout == nil {
		return 0
	}
	r.layout.mu.Lock()
	defer r.layout.mu.Unlock()
	return r.layout.shared[m.Name]
}

// place returns the number of the place where a file lies, 0 if none is known.
func (l *layout) place(n scan.Name) uint32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.of[n]
}

// isEmpty reports whether no two files can be known to lie in the same place.
func (l *layout) isEmpty() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.of) == 0
}

func (l *layout) noteShared(n scan.Name, bytes int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shared == nil {
		l.shared = make(map[scan.Name]int64)
	}
	l.shared[n] = bytes
}

func (l *layout) noteStart(n scan.Name, at int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.starts == nil {
		l.starts = make(map[scan.Name]int64)
	}
	l.starts[n] = at
}

// start returns where a large file on a spinning disk begins, 0 if unknown.
func (l *layout) start(n scan.Name) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.starts[n]
}

// number notes that a file lies in a place, and returns its number.
func (l *layout) number(n scan.Name, p place) uint32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.places == nil {
		l.places, l.of = make(map[place]uint32), make(map[scan.Name]uint32)
	}
	number, known := l.places[p]
	if !known {
		number = uint32(len(l.places) + 1)
		l.places[p] = number
	}
	if number != 0 {
		l.of[n] = number
	}
	return number
}

// distrust forgets who lies in a place, for good.
func (l *layout) distrust(number uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for p, n := range l.places {
		if n == number {
			l.places[p] = 0
		}
	}
	for name, n := range l.of {
		if n == number {
			delete(l.of, name)
		}
	}
}

// locate notes how many bytes of an open file others use too, and returns the
// number of the place where it lies, 0 if that does not tell its content: see
// settledExtents. It is asked between two looks at the file's state.
func (r *reader) locate(fd int, m *Member) uint32 {
	if !r.mayShare(m.Name) {
		return 0
	}
	size := r.tree.Size(m.Name)
	list, settled := r.settledExtents(fd, size)
	shared := min(extents.SharedBytes(list), r.facts(m.Name).Allocated)
	if shared == 0 {
		return 0
	}
	r.layout.noteShared(m.Name, shared)
	fs := r.tree.Filesystem(m.Name)
	if !settled || !extents.AllShared(list) || !extents.Settled(list, size) || !tellsPlace(fs) || onOtherDevice(fd) {
		return 0
	}
	p := place{fs: fs.Superblock, size: size}
	r.key = extents.AppendKey(r.key[:0], list)
	r.hasher.Reset()
	r.hasher.Write(r.key)
	r.hasher.Sum(p.key[:0])
	return r.layout.number(m.Name, p)
}

// mayShare reports whether a file may have extents in common with others.
func (s *search) mayShare(n scan.Name) bool { return s.tree.Filesystem(n).Reflinks }

// settledExtents returns where an open file lies, and whether that is where its
// content is. It is not while data waits in the page cache: btrfs and xfs show
// the old extents, those that the file shares, until new ones are written and
// entered. A file without a dirty page, and without one on its way to the disk,
// has nothing left to write, so that to ask for a sync changes nothing; but it
// makes btrfs wait for new extents that are written and not entered yet.
// For small files, which are read anyway, the question is not asked.
func (r *reader) settledExtents(fd int, size int64) ([]extents.Extent, bool) {
	settled := isLarge(size) && pagesAtRest(fd)
	list, err := extents.Read(fd, extents.Flush(settled), r.extents[:0])
	if err != nil {
		return nil, false
	}
	r.extents = list
	return list, settled
}

// tellsPlace reports whether equal addresses on a filesystem are equal bytes: bcachefs tells
// where on a disk an extent begins, but not on which of its disks.
func tellsPlace(fs *scan.Filesystem) bool { return fs.Type == "btrfs" || fs.Type == "xfs" }
