package hash

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
)

const (
	// wholeSize is up to where the first stage reads files whole: one read each,
	// and the file is decided.
	wholeSize = 64 << 10
	// headSize is how much it reads of larger files: one page, which tells most
	// of them apart, and mostly costs a cold disk no more than a byte would.
	headSize = 4 << 10
	// firstBatch is how many candidates a worker takes at a time: few enough that
	// all of them work in the same region of the disk.
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
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(workers, (n+batch-1)/batch) {
		wg.Go(func() {
			r := s.newReader()
			defer r.close()
			for {
				hi := int(next.Add(int64(batch)))
				for i := hi - batch; i < min(hi, n); i++ {
					if ctx.Err() != nil {
						return
					}
					do(r, i)
				}
				if hi >= n {
					return
				}
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
	s.each(ctx, w.readers, w.len(), firstBatch, func(r *reader, i int) {
		i = w.at(i)
		m := &recs.members[i]
		if !isRecalled(m) && !r.first(ctx, m, recs.digests.at(i)) {
			discard(m)
			if ctx.Err() == nil {
				s.done(1)
			}
		} else if s.tree.Size(m.Name) <= wholeSize {
			s.done(1)
		}
	})
}

// first reads the beginning of one candidate and fills in its record; false if
// it was left out. The walk has looked at the file already: when it still is what
// it was then, one more look after the read proves that nothing moved meanwhile.
func (r *reader) first(ctx context.Context, m *Member, d *Digest) bool {
	buf := r.buf[:firstSize(r.tree.Size(m.Name))]
	if r.wait(ctx, int64(len(buf))) != nil { // before a lease makes writers wait as well
		return false
	}
	fd, ok := r.openFile(m.Name)
	if !ok {
		return false
	}
	defer unix.Close(fd) // and with it the lease
	if r.mayShare(m.Name) {
		return r.between(ctx, fd, m, buf, d)
	}
	began := time.Now()
	if r.mayBeWritten(r.tree.Stamp(m.Name), began) && r.busy(fd, m.Name) {
		return false
	}
	err := readFull(fd, buf, 0)
	st, ok := r.identify(fd, m.Name)
	if !ok {
		return false
	}
	if scan.StampOf(st.Mtime, st.Ctime) != r.tree.Stamp(m.Name) || unsettled(st.Ctime, began) > 0 {
		endLease(fd) // nobody shall wait for as long as this may take
		return r.between(ctx, fd, m, buf, d)
	}
	if err != nil {
		r.skipRead(m.Name, err)
		return false
	}
	r.take(fd, m, &st)
	r.digest(buf, d)
	return true
}

// between reads the beginning between two looks of its own: of a file that has
// changed lately, or one that may lie where another does and need not be read.
func (r *reader) between(ctx context.Context, fd int, m *Member, buf []byte, d *Digest) bool {
	st, ok := r.identify(fd, m.Name)
	if !ok {
		return false
	}
	st, ok = r.settle(ctx, fd, m.Name, st)
	if !ok || r.mayBeWritten(scan.StampOf(st.Mtime, st.Ctime), time.Now()) && r.busy(fd, m.Name) {
		return false
	}
	r.take(fd, m, &st)
	if c := r.claim(r.locate(fd, m), m, d); c != nil {
		return r.park(fd, c, m, d)
	}
	if err := readFull(fd, buf, 0); err != nil {
		r.skipRead(m.Name, err)
		return false
	}
	r.digest(buf, d)
	return r.unchanged(fd, m)
}

// take fills in the record of an open file.
func (r *reader) take(fd int, m *Member, st *scan.Stat) {
	m.Links, m.Allocated, m.Mtime, m.Ctime = st.Links, st.Allocated, st.Mtime, st.Ctime
	m.Attrs = r.attrsOf(fd, m.Name, st)
	m.Unread = false
}

func (r *reader) digest(buf []byte, d *Digest) {
	r.onRead(int64(len(buf)))
	r.hasher.Reset()
	r.hasher.Write(buf)
	r.hasher.Sum(d[:0])
}
