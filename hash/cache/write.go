package cache

import (
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// writer makes a cache file of entries that come in order.
type writer struct {
	file   *os.File
	buf    []byte
	used   int // bytes of buf that are whole blocks
	count  int // entries of the block at work, behind them
	fs     uint64
	number uint32
	total  uint64
	last   Entry
}

// create makes an empty file, in place of a leftover of a killed run. That is not written
// to: it may be a name that somebody has given to another file, or a file of somebody else.
func create(path string) (*writer, error) {
	if err := unix.Unlink(path); err != nil && err != unix.ENOENT {
		return nil, &fs.PathError{Op: "unlink", Path: path, Err: err}
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	w := &writer{file: f, buf: make([]byte, batch*blockSize)}
	return w, w.end(magic, version, typeHeader)
}

// add writes an entry; one that does not come after the last is left out.
func (w *writer) add(e *Entry) error {
	if w.total > 0 && w.last.compare(e) >= 0 {
		return nil
	}
	if w.count == blockRoom || w.count > 0 && w.fs != e.FS {
		if err := w.flushBlock(); err != nil {
			return err
		}
	}
	w.fs = e.FS
	e.encode(w.buf[w.used+blockHead+w.count*entrySize:])
	w.count++
	w.total++
	w.last = *e
	return nil
}

func (w *writer) flushBlock() error {
	n := w.count
	w.count = 0
	b := w.buf[w.used : w.used+blockSize]
	clear(b[blockHead+n*entrySize:])
	return w.end(w.fs, n, typeData)
}

// end seals the block at work and writes the buffer when it is full.
func (w *writer) end(fs uint64, count int, kind byte) error {
	seal(w.buf[w.used:w.used+blockSize], w.number, fs, count, kind)
	w.number++
	w.used += blockSize
	if w.used == len(w.buf) {
		return w.flush()
	}
	return nil
}

func (w *writer) flush() error {
	_, err := w.file.Write(w.buf[:w.used])
	w.used = 0
	return err
}

// finish writes the end and has all of it on disk.
func (w *writer) finish() error {
	if w.count > 0 {
		if err := w.flushBlock(); err != nil {
			return err
		}
	}
	clear(w.buf[w.used : w.used+blockSize])
	if err := w.end(w.total, 0, typeEnd); err != nil {
		return err
	}
	if err := w.flush(); err != nil {
		return err
	}
	return w.file.Sync()
}
