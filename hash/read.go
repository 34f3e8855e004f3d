package hash

import (
	"bytes"
	"context"
	"errors"

	"github.com/zeebo/blake3"
	"golang.org/x/sys/unix"
)

// ErrShort says that a file ended before the size that it had.
var ErrShort = errors.New("file ends before its size")

// chunkSize is how much of a large file is read at once. 128–256 KiB keeps a
// pair of chunks in the processor's cache, where a comparison is nearly free,
// and is what the kernel reads ahead by default.
const chunkSize = 256 << 10

// spares are buffers that nobody uses at the moment. A sync.Pool lets go of them whenever
// garbage is collected: undo made more than half of its garbage that way.
type spares chan *[chunkSize]byte

// chunks holds as many as the readers of most disks need, 4 MiB.
var chunks = make(spares, 16)

func (s spares) get() *[chunkSize]byte {
	select {
	case buf := <-s:
		return buf
	default:
		return new([chunkSize]byte)
	}
}

func (s spares) put(buf *[chunkSize]byte) {
	select {
	case s <- buf:
	default:
	}
}

// readFull fills buf from offset off of an open file. ErrShort: the file ends
// before that.
func readFull(fd int, buf []byte, off int64) error {
	for len(buf) > 0 {
		n, err := unix.Pread(fd, buf, off)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return err
		case n == 0:
			return ErrShort
		}
		buf, off = buf[n:], off+int64(n)
	}
	return nil
}

// SameBytes reports whether the first size bytes of two open files are equal;
// it stops at the first difference. It reads by offset and so leaves the
// files' positions alone, and the page cache as it was found. Errors: of pread(2),
// ErrShort, or of ctx.
func SameBytes(ctx context.Context, fdA, fdB int, size int64) (bool, error) {
	a, b := chunks.get(), chunks.get()
	defer chunks.put(a)
	defer chunks.put(b)
	readA, doneA := asFound(freely{}, fdA, size)
	defer doneA()
	readB, doneB := asFound(freely{}, fdB, size)
	defer doneB()
	for off := int64(0); off < size; {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		n := min(chunkSize, size-off)
		if err := readWatched(ctx, fdA, a[:n], off, readA); err != nil {
			return false, err
		}
		if err := readWatched(ctx, fdB, b[:n], off, readB); err != nil {
			return false, err
		}
		if !bytes.Equal(a[:n], b[:n]) {
			return false, nil
		}
		off += n
	}
	return true, nil
}

// Sum returns the BLAKE3 of the first size bytes of an open file, read by
// offset. The page cache is left as it was found. Errors: of pread(2), ErrShort,
// or of ctx.
func Sum(ctx context.Context, fd int, size int64) (Digest, error) {
	w, done := asFound(freely{}, fd, size)
	defer done()
	return sum(ctx, blake3.New(), fd, wholeOf(size), w)
}

// watcher is asked before every read and told after it.
type watcher interface {
	wait(ctx context.Context, bytes int64) error
	onRead(bytes int64)
}

// freely lets everything pass.
type freely struct{}

func (freely) wait(context.Context, int64) error { return nil }
func (freely) onRead(int64)                      {}

// sum hashes parts of a file, with a hasher to use and somebody who watches every read.
func sum(ctx context.Context, h *blake3.Hasher, fd int, parts []stretch, w watcher) (d Digest, err error) {
	buf := chunks.get()
	defer chunks.put(buf)
	h.Reset()
	for _, p := range parts {
		for off, end := p.from, p.from+p.length; off < end; off += chunkSize {
			chunk := buf[:min(chunkSize, end-off)]
			if ctx.Err() != nil {
				return d, ctx.Err()
			}
			if err := readWatched(ctx, fd, chunk, off, w); err != nil {
				return d, err
			}
			h.Write(chunk)
		}
	}
	h.Sum(d[:0])
	return d, nil
}

// readWatched fills buf from offset off, when the watcher lets it.
func readWatched(ctx context.Context, fd int, buf []byte, off int64, w watcher) error {
	if err := w.wait(ctx, int64(len(buf))); err != nil {
		return err
	}
	if err := readFull(fd, buf, off); err != nil {
		return err
	}
	w.onRead(int64(len(buf)))
	return nil
}
