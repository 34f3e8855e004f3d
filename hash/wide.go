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
	// each other.
	windowSize = 32 << 20
	// stripeSize is how much of a window a worker takes at a time: what one entry of a
	// processor's tables maps (2 MiB; two files of 512 MiB, warm: 29 GB/s, with 1 MiB at a
	// time 15, with read(2) 12). Where files part, so much is compared once more.
	stripeSize = 2 << 20
	// maxMappings bounds how many workers have stripes mapped, of two files each: they
	// count as memory in use. It is as many as there are processors, at most.
	maxMappings = 4
)

// isWide reports whether a class should be compared by all workers: large files,
// and nothing else to do.
func (p *pacer) isWide(c *class) bool {
	return c.off >= int64(p.pool.chunk) && c.off >= c.narrow && c.tail-c.off >= windowSize && p.pool.pacers > 1 && p.work.isLast()
}

// stripeOf returns where the stripe that holds an offset begins.
func stripeOf(off int64) int64 { return off / stripeSize * stripeSize }

// stepWide compares a window of all members with many workers, up to the stripe where
// they part or cannot be read, and reports whether it came further. The class goes
// through that stripe step by step.
func (p *pacer) stepWide(ctx context.Context, c *class) bool {
	return p.reachWide(ctx, c, min(stripeOf(c.off+windowSize), c.tail))
}

func (p *pacer) reachWide(ctx context.Context, c *class, end int64) bool {
	w := newWindow(p.search, c, end)
	digest, summed := w.run(ctx, p.pool.pacers)
	same := w.parted.Load()
	if same < end {
		c.narrow = stripeOf(same + stripeSize)
	}
	switch {
	case same == c.off:
		return false
	case digest != nil && summed != same: // it went beyond where they part
		return p.reachWide(ctx, c, same)
	}
	c.digest = digest
	c.reach(same)
	return true
}

// window is a range of the files of a class that is compared in stripes.
type window struct {
	*search
	*class
	next   atomic.Int64 // offset of the stripe that nobody has taken yet
	parted atomic.Int64 // up to here files may be the same: to the end, at first
}

func newWindow(s *search, c *class, end int64) *window {
	w := &window{search: s, class: c}
	w.next.Store(stripeOf(c.off))
	w.parted.Store(end)
	return w
}

// run compares the window and returns what the digest is after so many bytes of it. That
// is made beside the comparison, by one: BLAKE3 is a tree that could be made by many, but
// the library keeps the branches to itself.
func (w *window) run(ctx context.Context, workers int) (digest *blake3.Hasher, summed int64) {
	var wg sync.WaitGroup
	if w.digest != nil {
		digest = w.digest.Clone()
		wg.Go(func() { summed = w.sum(ctx, digest) })
	}
	for range workers {
		wg.Go(func() { w.compare(ctx) })
	}
	wg.Wait()
	return digest, summed
}

// compare takes stripes until there are none before the one where files part. Each that
// was taken is the same, or the files part there: so none before that is left out.
func (w *window) compare(ctx context.Context) {
	for {
		from := w.next.Add(stripeSize) - stripeSize
		end := min(from+stripeSize, w.parted.Load())
		if from >= end {
			return
		}
		from = max(from, w.off)
		same, seen := w.sameMapped(ctx, from, end)
		if !seen {
			same = w.sameRead(ctx, from, end)
		}
		if !same {
			w.part(from)
			return
		}
	}
}

// part notes that files part, or cannot be read, behind an offset.
func (w *window) part(at int64) {
	for old := w.parted.Load(); at < old && !w.parted.CompareAndSwap(old, at); {
		old = w.parted.Load()
	}
}

// isOver reports whether there is no need to go on at an offset.
func (w *window) isOver(ctx context.Context, off int64) bool {
	return w.parted.Load() <= off || ctx.Err() != nil
}

// sameMapped reports whether all files have the same bytes in a range, if that can be
// seen in the page cache. Where they part, what was looked at does not count as read: it is
// read once more.
func (w *window) sameMapped(ctx context.Context, from, end int64) (same, seen bool) {
	if !w.warm {
		return false, false
	}
	w.mappings.take()
	defer w.mappings.give()
	if w.isOver(ctx, from) {
		return false, true
	}
	if same, seen = equalMapped(w.fds, from, int(end-from)); same {
		w.onRead((end - from) * int64(len(w.fds)))
	}
	return same, seen
}

// sameRead reports whether all files have the same bytes in a range.
func (w *window) sameRead(ctx context.Context, from, end int64) bool {
	lead, other := chunks.get(), chunks.get()
	defer chunks.put(lead)
	defer chunks.put(other)
	for off := from; off < end; off += chunkSize {
		n := min(chunkSize, end-off)
		if !w.same(ctx, lead[:n], other[:n], off) {
			return false
		}
	}
	return true
}

// same reports whether all files have the same bytes at an offset.
func (w *window) same(ctx context.Context, lead, other []byte, off int64) bool {
	buf := lead
	for _, fd := range w.fds {
		if !w.readAt(ctx, fd, buf, off) {
			return false
		}
		if w.onRead(int64(len(buf))); !bytes.Equal(lead, buf) {
			return false
		}
		buf = other
	}
	return true
}

// sum takes the window of the first file into the digest, and returns how far it came. What
// it reads counts when it is compared.
func (w *window) sum(ctx context.Context, digest *blake3.Hasher) (off int64) {
	buf := chunks.get()
	defer chunks.put(buf)
	for off = w.off; ; {
		n := min(chunkSize, w.parted.Load()-off)
		if n <= 0 {
			return off
		}
		if !w.readAt(ctx, w.fds[0], buf[:n], off) {
			w.part(max(w.off, stripeOf(off)))
			return off
		}
		digest.Write(buf[:n])
		off += n
	}
}

// readAt reads from one of the files; false if that fails, or there is no need
// to go on.
func (w *window) readAt(ctx context.Context, fd int, buf []byte, off int64) bool {
	if w.isOver(ctx, off) || w.wait(ctx, int64(len(buf))) != nil {
		return false
	}
	return readFull(fd, buf, off) == nil // the step that follows will say why
}

// slots are for as many as there is room for.
type slots chan struct{}

func (s slots) take() { s <- struct{}{} }
func (s slots) give() { <-s }
