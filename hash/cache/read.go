package cache

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"sort"

	"golang.org/x/sys/unix"
)

// reader goes through a cache file.
type reader struct {
	file   *os.File
	buf    []byte
	blocks []byte // of buf, not yet gone through
	number uint32 // of the next block
	at     head
	left   []byte // entries of the block at work
	total  uint64
	last   Entry
	ended  bool
	part   bool // it did not begin with the first entry
}

// openReader opens a cache file; fs.ErrNotExist if there is none.
func openReader(path string) (*reader, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	r := &reader{file: f, buf: make([]byte, batch*blockSize)}
	h, err := r.block()
	switch {
	case err == nil && (h.kind != typeHeader || h.fs != magic):
		err = errMagic
	case err == nil && h.count != version:
		err = errVersion
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return r, nil
}

func (r *reader) close() { r.file.Close() }

// block returns the next block's head; what it holds is in r.left.
func (r *reader) block() (head, error) {
	if len(r.blocks) == 0 {
		n, err := io.ReadFull(r.file, r.buf)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return head{}, err
		}
		if n < blockSize || n%blockSize != 0 {
			return head{}, errCut
		}
		r.blocks = r.buf[:n]
	}
	b := r.blocks[:blockSize]
	r.blocks = r.blocks[blockSize:]
	h, err := open(b, r.number)
	r.number++
	if err == nil && h.kind == typeData {
		r.left = b[blockHead : blockHead+h.count*entrySize]
	}
	return h, err
}

// next reads the next entry into e; false at the end. An error says that the
// file is damaged or cannot be read.
func (r *reader) next(e *Entry) (bool, error) {
	for len(r.left) == 0 && !r.ended {
		h, err := r.block()
		switch {
		case err != nil:
			return false, err
		case h.kind == typeEnd && (r.part || h.fs == r.total):
			r.ended = true
		case h.kind == typeData:
			r.at = h
		default:
			return false, errOrder
		}
	}
	if r.ended {
		return false, nil
	}
	e.decode(r.at.fs, r.left)
	r.left = r.left[entrySize:]
	if r.total > 0 && r.last.compare(e) >= 0 {
		return false, errOrder
	}
	r.last = *e
	r.total++
	return true, nil
}

// seek goes to a place before the entries of an inode, but not far before it. A damaged
// block may lead it astray: then less is found, and what is found has been checked.
func (r *reader) seek(fs, ino uint64) error {
	info, err := r.file.Stat()
	if err != nil {
		return err
	}
	blocks := int(info.Size() / blockSize)
	var beginning [blockHead + 8]byte
	after := sort.Search(max(0, blocks-2), func(i int) bool { // without header and end
		if _, e := r.file.ReadAt(beginning[:], int64(i+1)*blockSize); e != nil {
			err = e
			return true
		}
		at, first := binary.LittleEndian.Uint64(beginning[8:]), binary.LittleEndian.Uint64(beginning[blockHead:])
		return at > fs || at == fs && first >= ino
	})
	if err != nil || after == 0 {
		return err
	}
	r.part, r.number, r.blocks = true, uint32(after), nil
	_, err = r.file.Seek(int64(after)*blockSize, io.SeekStart)
	return err
}

// isDamage tells a file that lies from one that could not be read.
func isDamage(err error) bool {
	for _, d := range []error{errChecksum, errOrder, errCut, errMagic} {
		if errors.Is(err, d) {
			return true
		}
	}
	return false
}
