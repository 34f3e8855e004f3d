package hash

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"
)

const (
	// wideSize is from how many bytes on a pair that is alone is worth all
	// workers. Below it they would be done before they have begun.
	wideSize = 32 << 20
	// stripeSize is how much of a pair a worker compares at a time. It is also
	// what each of them may read too much where two files part.
	stripeSize = 2 << 20
)

// isWide reports whether a class should be compared by all workers: two large
// files, and nothing else to do.
func (p *pacer) isWide(c *class) bool {
	return len(c.members) == 2 && c.size-c.off >= wideSize && p.pool.pacers > 1 && p.work.isLast()
}

// wide is a pair that several workers compare, stripe by stripe.
type wide struct {
	*search
	*class
	next atomic.Int64  // offset of the stripe that nobody has taken yet
	over chan struct{} // closed when the rest no longer matters
	once sync.Once
	// failed has the error of each file that could not be read.
	mu     sync.Mutex
	failed [2]error
	parted bool
}

// compareWide compares the rest of a pair by stripes. The digest, if one is
// wanted, is made beside it, by one: BLAKE3 is a tree that could be made by many,
// but the library keeps the branches to itself. Labels are those of compare.
func (p *pacer) compareWide(ctx context.Context, c *class) (parts int, whole bool) {
	w := &wide{search: p.search, class: c, over: make(chan struct{})}
	w.next.Store(c.off)
	var wg sync.WaitGroup
	if c.digest != nil {
		wg.Go(func() { w.sum(ctx) })
	}
	for range p.pool.pacers {
		wg.Go(func() { w.compare(ctx) })
	}
	wg.Wait()
	return p.labelWide(w)
}

// stepWide compares a pair to its end.
func (p *pacer) stepWide(ctx context.Context, c *class) *class {
	parts, whole := p.compareWide(ctx, c)
	if !whole {
		return p.divide(c, parts)
	}
	c.off = c.size
	return c
}

// labelWide labels the members of a pair after its comparison.
func (p *pacer) labelWide(w *wide) (parts int, whole bool) {
	p.labels = append(p.labels[:0], 0, 0)
	for i, err := range w.failed {
		if err != nil {
			p.lose(w.members[i].Name)
			p.skipRead(w.members[i].Name, err)
			p.labels[i] = out
		}
	}
	switch {
	case w.failed != [2]error{}:
		return 1, false
	case w.parted:
		p.labels[1] = 1
		return 2, false
	}
	return 1, true
}

// end stops the workers: the files part, or one of them (0 or 1) cannot be read.
func (w *wide) end(file int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.failed[file] = err
	} else {
		w.parted = true
	}
	w.once.Do(func() { close(w.over) })
}

func (w *wide) isOver() bool {
	select {
	case <-w.over:
		return true
	default:
		return false
	}
}

// compare takes stripes until there are none.
func (w *wide) compare(ctx context.Context) {
	a, b := chunks.Get().(*[chunkSize]byte), chunks.Get().(*[chunkSize]byte)
	defer chunks.Put(a)
	defer chunks.Put(b)
	for {
		from := w.next.Add(stripeSize) - stripeSize
		for off := from; off < min(from+stripeSize, w.size); off += chunkSize {
			n := min(chunkSize, w.size-off)
			if !w.readAt(ctx, 0, a[:n], off) || !w.readAt(ctx, 1, b[:n], off) {
				return
			}
			if !bytes.Equal(a[:n], b[:n]) {
				w.end(1, nil)
				return
			}
		}
		if from >= w.size {
			return
		}
	}
}

// sum goes on with the digest of the first file to its end.
func (w *wide) sum(ctx context.Context) {
	buf := chunks.Get().(*[chunkSize]byte)
	defer chunks.Put(buf)
	for off := w.off; off < w.size; {
		n := min(chunkSize, w.size-off)
		if !w.readAt(ctx, 0, buf[:n], off) {
			return
		}
		w.digest.Write(buf[:n])
		off += n
	}
}

// readAt reads from one of the two files; false if there is no need to go on.
func (w *wide) readAt(ctx context.Context, file int, buf []byte, off int64) bool {
	if w.isOver() {
		return false
	}
	err := ctx.Err()
	if err == nil {
		err = w.wait(ctx, int64(len(buf)))
	}
	if err == nil {
		err = readFull(w.fds[file], buf, off)
	}
	if err != nil {
		w.end(file, err)
		return false
	}
	w.onRead(int64(len(buf)))
	return true
}
