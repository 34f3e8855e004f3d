package hash

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/oneinode/oneinode/hash/ring"
	"github.com/oneinode/oneinode/scan"
)

const (
	// DefaultWorkers is how many goroutines read when Options.Workers is 0 and each
	// reads one file at a time. What counts with a cold cache is how many wait for
	// the disk at the same time: from 8 to 16 the time of a tree of small files fell
	// by a third, from 16 to 32 by a seventh, and with a warm cache more only cost.
	DefaultWorkers = 16
	// batchWorkers is how many there are where each reads many files at once: with
	// 4 a cold tree took a tenth longer, with 16 no less, and more memory.
	batchWorkers = 8
)

// search is one run of Find.
type search struct {
	tree        *scan.Tree
	opts        Options
	groups      []uint32 // of each domain
	pools       []pool
	domainPools []int // numbers of the pools of each domain
	workers     int   // of what is not divided by pool
	rings       bool  // files can be read together
	descriptors
	table   attrTable
	memory  *memory // nil without a cache
	layout  *layout
	changes *changes
	twins   twins
	read    atomic.Int64 // bytes

	cold     sync.Map // descriptors of files that the page cache did not have
	mappings slots

	mu   sync.Mutex
	sets []Set // of large files, as they are finished
}

// Find reads the candidates of the tree and returns the duplicate sets. An
// error means that ctx ended; the result then holds the sets finished so far.
// Files that change, vanish or cannot be read meanwhile are left out and told
// to OnSkip. Find never writes.
func Find(ctx context.Context, tree *scan.Tree, opts Options) (*Result, error) {
	return newSearch(tree, opts, ring.Available()).find(ctx)
}

// newSearch prepares a search. rings: files can be read together.
func newSearch(tree *scan.Tree, opts Options, rings bool) *search {
	// Who has to wait for leave to read must not hold leases on other files meanwhile.
	rings = rings && opts.Throttle == nil
	s := &search{tree: tree, opts: opts, rings: rings, descriptors: availableDescriptors(), layout: &layout{}, changes: &changes{},
		mappings: make(slots, min(runtime.NumCPU(), maxMappings))}
	s.pools, s.domainPools = newPools(tree.Filesystems(), &opts, rings, s.descriptors.readers, diskOf)
	s.descriptors = s.descriptors.forEach(len(s.pools))
	if opts.Throttle != nil {
		s.batch = 1
	}
	s.workers = slices.MaxFunc(s.pools, func(a, b pool) int { return cmp.Compare(a.readers, b.readers) }).readers
	s.groups = groupNumbers(len(tree.Filesystems()), opts.Group)
	s.memory = newMemory(opts.Cache, tree.Filesystems(), s.groups)
	return s
}

func (s *search) find(ctx context.Context) (*Result, error) {
	recs := newRecords(s.inodes(), s.groups)
	s.recall(recs)
	s.announce(recs.members)
	res := &Result{Tree: s.tree, Candidates: int64(len(recs.members)), layout: s.layout, changes: s.changes}
	for _, part := range s.portions(recs) {
		res.take(s.run(ctx, part))
		if ctx.Err() != nil {
			break
		}
	}
	slices.SortFunc(s.sets, s.compareSets)
	res.Sets = s.withoutAliases(append(res.Sets, s.sets...))
	res.BytesRead = s.read.Load()
	res.attrs = s.table.list
	return res, ctx.Err()
}

// inodes is what candidates are looked for in.
func (s *search) inodes() inodes {
	if s.opts.Wanted == nil {
		return s.tree
	}
	return wanted{s.tree, s.opts.Wanted}
}

// take adds sets, without a copy where they are the first.
func (r *Result) take(sets []Set) {
	if r.Sets == nil {
		r.Sets = sets
		return
	}
	r.Sets = append(r.Sets, sets...)
}

// run takes candidates through the funnel. It returns the sets of small files;
// those of large ones it emits.
func (s *search) run(ctx context.Context, recs *records) []Set {
	s.firstSteps(ctx, recs)
	if ctx.Err() != nil {
		return s.finished(recs)
	}
	s.confirm(ctx, recs)
	small, large := s.smallSets(recs)
	large = s.setTwinsApart(recs.members, large)
	s.lockstep(ctx, recs.members, s.hashCrowds(ctx, recs.members, large))
	s.finishTwins(ctx)
	s.saveNotes()
	return small
}

// smallSets makes sets of the small files, which are decided, and returns the
// spans of the others.
func (s *search) smallSets(recs *records) (small []Set, large []span) {
	spans := s.gather(recs)
	small = make([]Set, 0, len(spans)) // with room for the sets of large files
	for _, sp := range spans {
		if !isLarge(s.sizeOf(recs, sp)) {
			small = append(small, Set{Digest: *recs.digests.at(sp.lo)})
		}
	}
	recs.shrink() // moves the members, so the sets take them afterwards
	done := 0
	for _, sp := range spans {
		members := recs.members[sp.lo:sp.hi:sp.hi]
		if !isLarge(s.sizeOf(recs, sp)) {
			small[done] = s.newSet(members, small[done].Digest)
			done++
		} else if !s.believe(members) {
			large = append(large, sp)
		}
	}
	return small, large
}

// gather returns the spans of records that are equal so far. Files that stand alone are
// done with; small ones that were read are so already.
func (s *search) gather(recs *records) []span {
	var done, bytes int64
	spans := recs.gather(func(m *Member) {
		if isRecalled(m) {
			done++
		} else if size := s.tree.Size(m.Name); isLarge(size) {
			done, bytes = done+1, scan.AddSizes(bytes, size)
		}
	})
	s.done(done, bytes)
	return spans
}

func (s *search) sizeOf(recs *records, sp span) int64 {
	return s.tree.Size(recs.members[sp.lo].Name)
}

func (s *search) newSet(members []Member, d Digest) Set {
	first := members[0].Name
	return Set{Size: s.tree.Size(first), Domain: s.tree.Domain(first), Digest: d, Members: members}
}

// emit records a finished set.
func (s *search) emit(set Set) {
	set = s.withTwins(set)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sets = append(s.sets, set)
}

// compareSets orders sets by domain, size and first inode: no two are equal.
func (s *search) compareSets(a, b Set) int {
	return cmp.Or(
		cmp.Compare(a.Domain, b.Domain),
		cmp.Compare(a.Size, b.Size),
		cmp.Compare(s.tree.Ino(a.Members[0].Name), s.tree.Ino(b.Members[0].Name)),
	)
}

// announce tells how much there is to read: every candidate whole, the head of a large
// one twice, and its end too where a digest is wanted. The second sample of a crowd is
// too rare to count.
func (s *search) announce(members []Member) {
	if s.opts.OnCandidates == nil {
		return
	}
	var bytes int64
	for i := range members {
		if isRecalled(&members[i]) {
			continue
		}
		size := s.tree.Size(members[i].Name)
		bytes = scan.AddSizes(bytes, size)
		if size > wholeSize {
			bytes = scan.AddSizes(bytes, headSize)
		}
		if s.opts.Digests {
			bytes = scan.AddSizes(bytes, tailSize(size, int64(s.poolOf(members[i].Name).chunk)))
		}
	}
	s.opts.OnCandidates(int64(len(members)), bytes)
}

// wait asks whether so many bytes may be read now.
func (s *search) wait(ctx context.Context, n int64) error {
	if s.opts.Throttle == nil {
		return nil
	}
	return s.opts.Throttle(ctx, n)
}

func (s *search) onRead(n int64) {
	s.read.Add(n)
	if s.opts.OnRead != nil {
		s.opts.OnRead(n)
	}
}

func (s *search) done(n, bytes int64) {
	if s.opts.OnDone != nil && n > 0 {
		s.opts.OnDone(n, bytes)
	}
}

// skip tells of a candidate that is left out: by what others did where there is no error.
func (s *search) skip(n scan.Name, reason string, err error) {
	if s.opts.OnSkip != nil {
		s.opts.OnSkip(scan.Skip{Path: s.tree.Path(n), Reason: reason, Err: err})
	}
}
