package hash

import (
	"crypto/rand"
	"encoding/binary"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/oneinode/oneinode/hash/cache"
	"github.com/oneinode/oneinode/scan"
)

// memory is what a search knows from earlier runs, and what it adds to that.
type memory struct {
	cache *cache.Cache
	// quiet is the time (ns) before which a file must have changed last to be
	// remembered; see racyAge.
	quiet  int64
	today  cache.Day
	fs     []uint64 // of each domain
	epochs []uint64 // of each group
	// contents has what is known of the whole of large files, whose records have
	// room for the digest of the beginning only.
	contents map[scan.Name]content
	hits     int64 // candidates that need not be read to be told apart
	stale    bool  // an entry has not been noted as seen for a while
	saved    time.Time

	mu    sync.Mutex
	notes []cache.Entry // on large files and on corrected entries
}

// content is what an entry says about the whole of a large file.
type content struct {
	digest Digest
	epoch  uint64
	whole  bool // digest is that of the content, else it only numbers it
}

const (
	// racyAge: a file that was changed less than this before it was read may
	// change once more without a new time, where times are kept in steps of up to
	// two seconds (FAT), so it is not remembered. Git calls that racily clean.
	racyAge = 2 * time.Second
	// seenEvery is how many days old a note of when a file was last met may be:
	// a fresher one is not worth writing the whole cache.
	seenEvery = 7
)

// newMemory returns nil without a cache.
func newMemory(c *cache.Cache, filesystems []scan.Filesystem, groups []uint32) *memory {
	if c == nil {
		return nil
	}
	now := time.Now()
	m := &memory{
		cache: c, quiet: now.Add(-racyAge).UnixNano(), today: cache.DayOf(now), saved: now,
		contents: map[scan.Name]content{}, epochs: make([]uint64, len(groups)),
	}
	for i := range filesystems {
		m.fs = append(m.fs, CacheKey(filesystems[i]))
	}
	var random [8]byte
	for i := range m.epochs {
		_, _ = rand.Read(random[:]) // never fails: crypto/rand
		m.epochs[i] = max(1, binary.LittleEndian.Uint64(random[:])&cache.EpochMask)
	}
	return m
}

// CacheKey is what the digest cache takes to identify a filesystem. Device
// numbers change when disks are found in another order, so it is the
// filesystem's own id where that says enough: not on overlays, whose layers share
// one, though their inode numbers do not.
func CacheKey(fs scan.Filesystem) uint64 {
	if fs.ID == 0 || fs.Type == "overlay" {
		return fs.Dev*0x9e3779b97f4a7c15 ^ fs.ID // 2^64 / golden ratio spreads small numbers
	}
	return fs.ID
}

// isRecalled reports whether a record only holds what the cache says.
func isRecalled(m *Member) bool { return m.state == recalled }

// isLarge reports whether the first stage reads only a beginning.
func isLarge(size int64) bool { return size > wholeSize }

// recall fills in the records of files that are as the cache knows them. Both
// are sorted by filesystem and inode, so it goes through them side by side.
func (s *search) recall(recs *records) {
	if s.memory == nil {
		return
	}
	for fs, runs := range s.runs(recs) {
		first, last := uint64(math.MaxUint64), uint64(0)
		for _, r := range runs {
			first = min(first, s.tree.Ino(recs.members[r.at].Name))
			last = max(last, s.tree.Ino(recs.members[r.end-1].Name))
		}
		err := s.memory.cache.Range(fs, first, last, func(e *cache.Entry) {
			for _, r := range runs {
				if i, ok := r.seek(s.tree, recs, e.Ino); ok {
					s.take(recs, i, e)
				}
			}
		})
		if err != nil {
			s.forget(recs)
			s.tellCache(err)
			return
		}
	}
}

// run is the range of a domain's records that is still ahead.
type run struct{ at, end int }

// runs returns the ranges of the domains of each filesystem. A filesystem that
// is mounted twice has two.
func (s *search) runs(recs *records) map[uint64][]*run {
	runs := map[uint64][]*run{}
	for lo := 0; lo < len(recs.members); {
		d := s.tree.Domain(recs.members[lo].Name)
		rest := recs.members[lo:]
		n, _ := slices.BinarySearchFunc(rest, d+1, func(m Member, d scan.Domain) int {
			return int(s.tree.Domain(m.Name)) - int(d)
		})
		runs[s.memory.fs[d]] = append(runs[s.memory.fs[d]], &run{lo, lo + n})
		lo += n
	}
	return runs
}

// seek goes forward to an inode and reports whether it is there.
func (r *run) seek(t facts, recs *records, ino uint64) (int, bool) {
	for r.at < r.end {
		switch have := t.Ino(recs.members[r.at].Name); {
		case have == ino:
			return r.at, true
		case have > ino:
			return 0, false
		}
		r.at++
	}
	return 0, false
}

// take believes an entry if the file still has its size and times.
func (s *search) take(recs *records, i int, e *cache.Entry) {
	m := &recs.members[i]
	size, facts := s.tree.Size(m.Name), s.tree.Facts(m.Name)
	if e.Size != size || e.Mtime != facts.Mtime || e.Ctime != facts.Ctime {
		return
	}
	if int(e.Seen)+seenEvery <= int(s.memory.today) {
		s.memory.stale = true
	}
	if (e.Kind == cache.Head) == isLarge(size) {
		m.state = recalled
		*recs.digests.at(i) = e.Digest
		s.memory.hits++
	} else if isLarge(size) && isRecalled(m) { // its entry with the beginning comes first
		s.memory.contents[m.Name] = content{e.Digest, e.Epoch, e.Kind == cache.Whole}
	}
}

// forget takes back all that was recalled.
func (s *search) forget(recs *records) {
	for i := range recs.members {
		recs.members[i] = Member{Name: recs.members[i].Name}
	}
	recs.digests.clear()
	clear(s.memory.contents)
	s.memory.hits = 0
}

func (s *search) tellCache(err error) {
	if s.opts.OnCache != nil {
		s.opts.OnCache(err)
	}
}
