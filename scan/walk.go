package scan

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultWalkers is how many directories are read at the same time. On a cold
// cache the walk waits for the disk, and 16 questions at once let it answer in
// its own order; 64 were no faster, and warm even two are enough.
const DefaultWalkers = 16

// Scan walks the roots at the same time and returns what it met. An error means
// that a root could not be used (see RootError; several are joined, and nothing
// was walked), that the compact form of the tree is full, or that ctx ended
// (then the tree holds what was met so far and the error is ctx.Err()). All
// lesser troubles go to opts.OnSkip.
//
// The walk goes by directory identity, so a directory that is reached twice (by
// repeated or nested roots, or a bind mount) is read once and belongs to the
// innermost root. Which names a tree holds does not depend on the order of the
// walk, but for directories that are mounted twice below one root.
func Scan(ctx context.Context, roots []Root, opts Options) (*Tree, error) {
	return newScanner(roots, opts).scan(ctx)
}

func (s *scanner) scan(ctx context.Context) (*Tree, error) {
	if err := s.checkRoots(ctx); err != nil {
		s.tree.Close()
		return nil, err
	}
	stop := context.AfterFunc(ctx, s.halt)
	defer stop()
	if ctx.Err() == nil {
		s.walk(protectedRoots)
		s.walk(otherRoots)
	}
	err := s.failure()
	if err == nil {
		err = s.finish()
	}
	if err != nil {
		s.tree.Close()
		return nil, err
	}
	return s.tree, ctx.Err()
}

// scanner is a scan at work.
type scanner struct {
	opts     Options
	tree     *Tree
	youngest int64 // ns; files changed after it are left out
	cutoff   bool

	domains domains
	visited visitedSet
	given   givenRoots
	queue   *queue
	walkers []*walker
	handles atomic.Int32
	most    int32 // of handles
	halted  atomic.Bool

	crossing bool // other mounts than the roots' own are entered

	mu    sync.Mutex
	later []task // directories on other mounts
	err   error  // the first that ends the scan
}

func newScanner(roots []Root, opts Options) *scanner {
	s := &scanner{opts: opts, tree: &Tree{roots: roots}, queue: newQueue()}
	if opts.MinAge > 0 {
		s.cutoff, s.youngest = true, time.Now().Add(-opts.MinAge).UnixNano()
	}
	limit := OpenLimit()
	s.most = handlesWithin(limit)
	for range walkersWithin(cmp.Or(opts.Walkers, DefaultWalkers), limit) {
		s.walkers = append(s.walkers, newWalker(s))
	}
	return s
}

const protectedRoots, otherRoots = true, false

// walk walks the roots that are protected, or those that were not walked yet:
// their own mounts first, then what is mounted in them. So a directory that is
// also bind-mounted further down belongs to the mount of its root, whichever
// way is the faster.
func (s *scanner) walk(protected bool) {
	s.run(s.start(protected))
	s.crossing = true
	s.run(s.later)
	s.crossing, s.later = false, nil
}

// putOff keeps a directory on another mount for later.
func (s *scanner) putOff(t task) {
	t.parent = nil // it is dropped; the directory is opened beneath its root
	s.mu.Lock()
	s.later = append(s.later, t)
	s.mu.Unlock()
}

// run walks from the tasks on until nothing is left.
func (s *scanner) run(tasks []task) {
	if len(tasks) == 0 {
		return
	}
	s.queue.push(tasks...)
	var group sync.WaitGroup
	for _, w := range s.walkers {
		group.Go(w.work)
	}
	group.Wait()
	s.queue.drain()
}

// halt ends the walk at the next entry.
func (s *scanner) halt() {
	s.halted.Store(true)
	s.queue.close()
}

// fail ends the scan with an error.
func (s *scanner) fail(err error) {
	s.mu.Lock()
	if s.err == nil {
		s.err = err
	}
	s.mu.Unlock()
	s.halt()
}

func (s *scanner) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// visitedSet holds the directories that were read by their identities, in shards
// so that walkers seldom meet.
type visitedSet [64]struct {
	mu  sync.Mutex
	set map[ID]Dir
}

// claim returns the directory with which somebody came first with id, and whether that was
// the caller.
func (v *visitedSet) claim(id ID, d Dir) (first Dir, isNew bool) {
	shard := &v[(id.Ino^id.Ino>>6^id.Dev)%uint64(len(v))]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if first, ok := shard.set[id]; ok {
		return first, false
	}
	if shard.set == nil {
		shard.set = make(map[ID]Dir)
	}
	shard.set[id] = d
	return d, true
}
