package hash

import (
	"context"
	"sync"
	"sync/atomic"
)

const (
	// wholeSize is up to where the first stage reads files whole: one read each,
	// and the file is decided.
	wholeSize = 64 << 10
	// headSize is how much it reads of larger files: one page, which tells most
	// of them apart, and mostly costs a cold disk no more than a byte would.
	headSize = 4 << 10
	// firstBatch is how many candidates a worker takes at a time where they are not
	// read together: few enough that all of them work in the same region of the disk.
	firstBatch = 32
)

// firstSize is how much of a file of this size the first stage reads.
func firstSize(size int64) int64 {
	if size <= wholeSize {
		return size
	}
	return headSize
}

// each calls do for 0..n-1, in order but from many goroutines, each of which
// takes batch of them at a time and has a reader of its own, until ctx ends.
func (s *search) each(ctx context.Context, workers, n, batch int, do func(r *reader, i int)) {
	s.eachBatch(ctx, workers, n, batch, func(r *reader, lo, hi int) {
		for i := lo; i < hi && ctx.Err() == nil; i++ {
			do(r, i)
		}
	})
}

// eachBatch is each, but calls do with the bounds of the batches.
func (s *search) eachBatch(ctx context.Context, workers, n, batch int, do func(r *reader, lo, hi int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(workers, (n+batch-1)/batch) {
		wg.Go(func() {
			r := s.newReader()
			defer r.close()
			for ctx.Err() == nil {
				hi := int(next.Add(int64(batch)))
				if hi-batch >= n {
					return
				}
				do(r, hi-batch, min(hi, n))
			}
		})
	}
	wg.Wait()
}

// firstStage reads the beginning of a part of the candidates, given in the order
// of reads, and fills in their records; for small files the beginning is the
// whole. Records that were recalled it leaves as they are.
func (s *search) firstStage(ctx context.Context, recs *records, part span) {
	var wg sync.WaitGroup
	for _, w := range s.sweeps(recs, part) {
		wg.Go(func() { s.sweep(ctx, recs, w) })
	}
	wg.Wait()
	s.settleTwins(ctx)
}

// sweep is the first stage of one pool.
func (s *search) sweep(ctx context.Context, recs *records, w *sweep) {
	if w.spins {
		s.arrange(ctx, recs, w)
	}
	at := func(k int) (*Member, *Digest) { return recs.at(w.at(k)) }
	s.eachBatch(ctx, w.readers, w.len(), batchFiles, func(r *reader, lo, hi int) {
		r.firstOf(ctx, lo, hi, at, func(k int, ok bool) { r.decide(ctx, &recs.members[w.at(k)], ok) })
	})
}

// decide notes what became of a candidate in the first stage: a small file that was read
// is done with.
func (r *reader) decide(ctx context.Context, m *Member, ok bool) {
	if !ok {
		discard(m)
	}
	if ok && !isRecalled(m) && !isLarge(r.tree.Size(m.Name)) || !ok && ctx.Err() == nil {
		r.decided, r.settled = r.decided+1, r.settled+r.tree.Size(m.Name)
	}
}
