//go:build unix && !linux

package scan

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// listBatch is how many entries are held at a time.
const listBatch = 1024

// lister reads the entries of one directory after the other. It leaves their
// kinds to stat: the library would ask for unknown ones by a path that a bare
// descriptor does not have.
type lister struct {
	file *os.File
	list []string
	pos  int
	done bool
	err  error
}

// begin reads the first entries of fd's listing, and reports whether these are
// all of it.
func (l *lister) begin(fd int) (whole bool) {
	*l = lister{}
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		l.err, l.done = err, true
		return true
	}
	l.file = os.NewFile(uintptr(own), "")
	l.fill()
	return l.done
}

// more replaces the entries by the next ones, false at the end.
func (l *lister) more(int) bool {
	if l.done {
		return false
	}
	l.pos = 0
	l.fill()
	return len(l.list) > 0
}

func (l *lister) fill() {
	var err error
	l.list, err = l.file.Readdirnames(listBatch)
	if err == nil && len(l.list) == listBatch {
		return
	}
	l.done = true
	if err != io.EOF {
		l.err = errnoOf(err)
	}
}

// end lets go of a listing, also of one that was left before its end.
func (l *lister) end() { l.file.Close() }

// renew leaves the entries that are held to somebody else.
func (l *lister) renew(lister) { l.list, l.pos = nil, 0 }

func (l *lister) rewind() { l.pos = 0 }

func (l *lister) next() (entry, bool) {
	if l.pos >= len(l.list) {
		return entry{}, false
	}
	l.pos++
	return entry{name: []byte(l.list[l.pos-1]), kind: kindUnknown}, true
}

func (l *lister) stat(fd int, e entry, st *Stat) error {
	return statName(fd, string(e.name), st)
}
