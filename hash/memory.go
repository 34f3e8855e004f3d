package hash

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"runtime"
	"slices"
	"sort"
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
	lasts  []bool   // of each domain: its inodes can be told from those of another day
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
		m.fs = append(m.fs, CacheKey(&filesystems[i]))
		m.lasts = append(m.lasts, isLasting(&filesystems[i]))
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
// filesystem's own id where it has one.
func CacheKey(fs *scan.Filesystem) uint64 {
	if fs.ID == 0 {
		return fs.Dev * 0x9e3779b97f4a7c15 // 2^64 / golden ratio spreads small numbers
	}
	return fs.ID
}

// renewed are filesystems whose files may have the inode numbers and times (whole seconds,
// mostly clamped) of those of another version, which was mounted in the same place before, as
// images have (scan.Filesystem.IsImage): overlays, which may have such a layer; and those that
// number their inodes anew with each mount.
var renewed = []string{"overlay", "udf", "vfat", "msdos", "exfat"}

// isLasting reports whether a device, an inode number, a size and times tell a file of
// the filesystem from all that were ever there. FUSE leaves that to programs, and in memory a
// store through a mapping moves no times.
func isLasting(fs *scan.Filesystem) bool {
	return !fs.IsImage() && !slices.Contains(renewed, fs.Type) && !fs.IsFUSE() && !fs.InMemory
}

// isRecalled reports whether a record only holds what the cache says.
func isRecalled(m *Member) bool { return m.state == recalled }

// isLarge reports whether the first stage reads only a beginning.
func isLarge(size int64) bool { return size > wholeSize }

// recall fills in the records of files that are as the cache knows them. Both
// are sorted by filesystem and inode, so it goes through them side by side, with all
// processors.
func (s *search) recall(recs *records) {
	if s.memory == nil {
		return
	}
	parts := s.recollections(recs)
	var group sync.WaitGroup
	for _, p := range parts {
		group.Go(p.run)
	}
	group.Wait()
	if err := worst(parts); err != nil {
		for i := range recs.members {
			discard(&recs.members[i])
		}
		s.tellCache(err)
		return
	}
	for _, p := range parts {
		s.memory.hits += p.hits
		s.memory.stale = s.memory.stale || p.stale
		maps.Copy(s.memory.contents, p.contents)
	}
}

func (s *search) recollections(recs *records) (parts []*recollection) {
	for fs, runs := range s.runs(recs) {
		for _, part := range divideRuns(recs, runs, runtime.NumCPU()) {
			parts = append(parts, &recollection{search: s, recs: recs, fs: fs, runs: part})
		}
	}
	return parts
}

// worst returns an error of one of the parts, that of the one which has set a damaged
// cache aside if there is one: the others then miss the file.
func worst(parts []*recollection) (err error) {
	for _, p := range parts {
		if _, isDamage := errors.AsType[*cache.DamagedError](p.err); isDamage || err == nil {
			err = p.err
		}
	}
	return err
}

// recollection fills in some runs of a filesystem.
type recollection struct {
	*search
	recs     *records
	fs       uint64
	runs     []*run
	hits     int64
	stale    bool
	contents map[scan.Name]content
	err      error
}

func (p *recollection) run() {
	first, last := uint64(math.MaxUint64), uint64(0)
	for _, r := range p.runs {
		first = min(first, p.recs.ino(r.at))
		last = max(last, p.recs.ino(r.end-1))
	}
	p.err = p.memory.cache.Range(p.fs, first, last, func(e *cache.Entry) {
		for _, r := range p.runs {
			if i, ok := r.seek(p.recs, e.Ino); ok {
				p.take(i, e)
			}
		}
	})
}

// worthDividing is how many records take a processor about a millisecond to recall.
const worthDividing = 1 << 13

// divideRuns cuts the runs of a filesystem into at most n parts, each of other
// inodes than the others.
func divideRuns(recs *records, runs []*run, n int) (parts [][]*run) {
	longest := slices.MaxFunc(runs, func(a, b *run) int { return cmp.Compare(a.end-a.at, b.end-b.at) })
	n = min(n, 1+(longest.end-longest.at)/worthDividing)
	at, step := longest.at, (longest.end-longest.at+n-1)/n
	for i := range n {
		var part []*run
		for _, r := range runs {
			end := r.end
			if i < n-1 {
				end = r.before(recs, recs.ino(at+(i+1)*step))
			}
			if end > r.at {
				part = append(part, &run{r.at, end})
			}
			r.at = end
		}
		if len(part) > 0 {
			parts = append(parts, part)
		}
	}
	return parts
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
		if s.memory.lasts[d] {
			runs[s.memory.fs[d]] = append(runs[s.memory.fs[d]], &run{lo, lo + n})
		}
		lo += n
	}
	return runs
}

// before returns the end of those records that come before an inode.
func (r *run) before(recs *records, ino uint64) int {
	return r.at + sort.Search(r.end-r.at, func(i int) bool { return recs.ino(r.at+i) >= ino })
}

// seek goes forward to an inode and reports whether it is there.
func (r *run) seek(recs *records, ino uint64) (int, bool) {
	for r.at < r.end {
		switch have := recs.ino(r.at); {
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
func (p *recollection) take(i int, e *cache.Entry) {
	m, d := p.recs.at(i)
	size, facts := p.tree.Size(m.Name), p.tree.Facts(m.Name)
	if e.Size != size || e.Mtime != facts.Mtime || e.Ctime != facts.Ctime {
		return
	}
	if int(e.Seen)+seenEvery <= int(p.memory.today) {
		p.stale = true
	}
	if (e.Kind == cache.Head) == isLarge(size) {
		m.state = recalled
		*d = e.Digest
		p.hits++
	} else if isLarge(size) && isRecalled(m) { // its entry with the beginning comes first
		if p.contents == nil {
			p.contents = map[scan.Name]content{}
		}
		p.contents[m.Name] = content{e.Digest, e.Epoch, e.Kind == cache.Whole}
	}
}

func (s *search) tellCache(err error) {
	if s.opts.OnCache != nil {
		s.opts.OnCache(err)
	}
}
