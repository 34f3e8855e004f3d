package hash

import (
	"context"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
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
func (s *search) each(ctx context.Context, n, batch int, do func(r *reader, i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(s.workers, (n+batch-1)/batch) {
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
	s.each(ctx, part.len(), firstBatch, func(r *reader, i int) {
		i += part.lo
		m := &recs.members[i]
		if !isRecalled(m) && !r.first(ctx, m, &recs.digests[i]) {
			discard(m)
			if ctx.Err() == nil {
				s.done(1)
			}
		} else if s.tree.Size(m.Name) <= wholeSize {
			s.done(1)
		}
	})
	s.settleTwins(ctx)
}

// first reads the beginning of one candidate between two looks at its state
// and fills in its record; false if it was left out.
func (r *reader) first(ctx context.Context, m *Member, d *Digest) bool {
	fd, st, ok := r.open(m.Name)
	if !ok {
		return false
	}
	defer unix.Close(fd)
	if st, ok = r.settle(ctx, fd, m.Name, st); !ok {
		return false
	}
	if !r.opts.Busy && r.busy(fd, m.Name) {
		return false
	}
	m.Links, m.Allocated, m.Mtime, m.Ctime = st.Links, st.Allocated, st.Mtime, st.Ctime
	m.Attrs = r.attrsOf(fd, m.Name, &st)
	if c := r.claim(r.locate(fd, m), m, d); c != nil {
		return r.park(fd, c, m, d)
	}
	buf := r.buf[:firstSize(st.Size)]
	err := r.wait(ctx, int64(len(buf)))
	if err == nil {
		err = readFull(fd, buf, 0)
	}
	if err != nil {
		r.skipRead(m.Name, err)
		return false
	}
	r.onRead(int64(len(buf)))
	r.hasher.Reset()
	r.hasher.Write(buf)
	r.hasher.Sum(d[:0])
	m.Unread = false
	return r.unchanged(fd, m)
}
