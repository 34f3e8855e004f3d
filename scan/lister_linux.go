package scan

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

const (
	// listBuffer holds some 2,000 entries; a smaller one costs more calls, a
	// larger one was no faster.
	listBuffer = 64 << 10
	// listRoom is what getdents64(2) needs to return at least one entry: a
	// header and the longest name that any filesystem gives (255 characters of
	// up to 4 bytes).
	listRoom = 1280
	// The layout of struct linux_dirent64, the same on every architecture.
	direntLen  = 16
	direntType = 18
	direntName = 19
)

// lister reads the entries of one directory after the other. An entry's name
// lives in its buffer until the next read.
type lister struct {
	buf  []byte
	n    int // bytes filled
	pos  int
	done bool // nothing more to read
	err  error
	raw  unix.Statx_t
}

// begin reads as much of fd's listing as the buffer holds, and reports whether
// that is all of it: so it is for nearly every directory, since one must read
// on to the end anyway.
func (l *lister) begin(fd int) (whole bool) {
	l.n, l.pos, l.done, l.err = 0, 0, false, nil
	for !l.done && listBuffer-l.n >= listRoom {
		l.fill(fd)
	}
	return l.done && l.err == nil
}

// more replaces the buffer with the next part, false at the end.
func (l *lister) more(fd int) bool {
	if l.done {
		return false
	}
	l.n, l.pos = 0, 0
	l.fill(fd)
	return l.n > 0
}

// end lets go of a listing: here that holds nothing.
func (l *lister) end() {}

// renew leaves the entries in the buffer to somebody else, and goes on with that of a lister
// which is done with.
func (l *lister) renew(spare lister) { l.buf, l.n, l.pos = spare.buf, 0, 0 }

func (l *lister) fill(fd int) {
	if l.buf == nil {
		l.buf = make([]byte, listBuffer)
	}
	for {
		n, err := unix.Getdents(fd, l.buf[l.n:])
		if err == unix.EINTR {
			continue
		}
		l.n += max(n, 0)
		l.err, l.done = err, err != nil || n <= 0
		return
	}
}

// rewind goes back to the first entry of the buffer.
func (l *lister) rewind() { l.pos = 0 }

// next returns the next entry of the buffer but "." and "..".
func (l *lister) next() (entry, bool) {
	for l.pos < l.n {
		rec := l.buf[l.pos:l.n]
		size := int(binary.NativeEndian.Uint16(rec[direntLen:]))
		l.pos += size
		e := entry{name: untilNUL(rec[direntName:size]), kind: kindOf(rec[direntType]), ino: binary.NativeEndian.Uint64(rec)}
		if string(e.name) != "." && string(e.name) != ".." {
			return e, true
		}
	}
	return entry{}, false
}

// untilNUL cuts the padding. A loop beats the library at a dozen bytes.
func untilNUL(b []byte) []byte {
	for i, c := range b {
		if c == 0 {
			return b[:i]
		}
	}
	return b
}

func kindOf(dtype byte) kind {
	switch dtype {
	case unix.DT_REG:
		return kindRegular
	case unix.DT_DIR:
		return kindDir
	case unix.DT_UNKNOWN:
		return kindUnknown
	}
	return kindOther
}

// stat describes an entry of the buffer: its name ends in NUL there.
func (l *lister) stat(fd int, e entry, st *Stat) error {
	return statx(fd, &e.name[0], statFlags, statxWalk, &l.raw, st)
}
