package hash

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"

	"github.com/zeebo/blake3"
)

const (
	// windowSize is how much of each file all workers compare before they wait for
	// each other. Where files part, so much is compared once more by one of them.
	windowSize = 32 << 20
	// stripeSize is how much of a window a worker takes at a time.
	stripeSize = 2 << 20
)

// isWide reports whether a class should be compared by all workers: large files,
// and nothing else to do.
func (p *pacer) isWide(c *class) bool {
	return c.off >= int64(p.pool.chunk) && c.off >= c.narrow && c.tail-c.off >= windowSize && p.pool.pacers > 1 && p.work.isLast()
}

// stepWide compares a window of all members with many workers, and reports
// whether it is the same in all of them. If it is not, or cannot be read, the class
// goes through it step by step.
func (p *pacer) stepWide(ctx context.Context, c *class) bool {
	w := &window{search: p.search, class: c, end: min(c.off+windowSize, c.tail)}
	w.next.Store(c.off)
	digest := w.run(ctx, p.pool.pacers)
	if w.parted.Load() {
		c.narrow = w.end
		return false
	}
	c.digest = digest
	c.reach(w.end)
	return true
}

// window is a range of the files of a class that several workers compare.
type window struct {
	*search
	*class
	end    int64        // offset
	next   atomic.Int64 // offset of the stripe that nobody has taken yet
	parted atomic.Bool  // files differ, or one of them cannot be read
}

// run compares the window and returns what the digest is after it. That is made
// beside the comparison, by one: BLAKE3 is a tree that could be made by many, but
// the library keeps the branches to itself.
func (w *window) run(ctx context.Context, workers int) (digest *blake3.Hasher) {
	var wg sync.WaitGroup
	if w.digest != nil {
		digest = w.digest.Clone()
		wg.Go(func() { w.sum(ctx, digest) })
	}
	for range workers {
		wg.Go(func() { w.compare(ctx) })
	}
	wg.Wait()
	return digest
}

// compare takes stripes until there are none.
func (w *window) compare(ctx context.Context) {
	lead, other := chunks.Get().(*[chunkSize]byte), chunks.Get().(*[chunkSize]byte)
	defer chunks.Put(lead)
	defer chunks.Put(other)
	for {
		from := w.next.Add(stripeSize) - stripeSize
		if from >= w.end {
			return
		}
		for off := from; off < min(from+stripeSize, w.end); off += chunkSize {
			n := min(chunkSize, w.end-off)
			if !w.same(ctx, lead[:n], other[:n], off) {
				w.parted.Store(true)
				return
			}
		}
	}
}

// same reports whether all files have the same bytes at an offset.
func (w *window) same(ctx context.Context, lead, other []byte, off int64) bool {
	if !w.readAt(ctx, w.fds[0], lead, off) {
		return false
	}
	for _, fd := range w.fds[1:] {
		if !w.readAt(ctx, fd, other, off) || !bytes.Equal(lead, other) {
			return false
		}
	}
	return true
}

// sum takes the window of the first file into the digest.
func (w *window) sum(ctx context.Context, digest *blake3.Hasher) {
	buf := chunks.Get().(*[chunkSize]byte)
	defer chunks.Put(buf)
	for off := w.off; off < w.end; off += chunkSize {
		n := min(chunkSize, w.end-off)
		if !w.readAt(ctx, w.fds[0], buf[:n], off) {
			w.parted.Store(true)
			return
		}
		digest.Write(buf[:n])
	}
}

// readAt reads from one of the files; false if that fails, or there is no need
// to go on.
func (w *window) readAt(ctx context.Context, fd int, buf []byte, off int64) bool {
	if w.parted.Load() || ctx.Err() != nil || w.wait(ctx, int64(len(buf))) != nil {
		return false
	}
	if readFull(fd, buf, off) != nil {
		return false // the step that follows will say why
	}
	w.onRead(int64(len(buf)))
	return true
}
