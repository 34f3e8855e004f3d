package scan

import (
	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan/beneath"
)

// MarkName is the entry that has a directory left out, with all below it.
const MarkName = ".nodedupe"

const (
	cacheTagName = "CACHEDIR.TAG"
	// cacheTagStart is how a real tag begins (Cache Directory Tagging
	// Specification); a file of that name alone means nothing.
	cacheTagStart = "Signature: 8a477f597d28d172789f06886806bc55"
)

// isMarked reports, and tells, that the directory at work is to be left out
// with everything below. When the buffer holds the whole listing a look there
// costs no call; only where that has a mark, and of a larger directory, the kernel is
// asked, before any entry counts.
func (w *walker) isMarked(whole bool) bool {
	if w.opts.IgnoreMarks || whole && !w.listsMark() {
		return false
	}
	mark := w.markOf(w.at.fd)
	if mark != "" {
		w.skip(w.at.dir, nil, mark, nil)
	}
	return mark != ""
}

// listsMark reports whether a name in the buffer is that of a mark, and rewinds it.
func (w *walker) listsMark() (found bool) {
	for e, ok := w.lister.next(); ok && !found; e, ok = w.lister.next() {
		found = string(e.name) == MarkName || string(e.name) == cacheTagName
	}
	w.lister.rewind()
	return found
}

func exists(dirfd int, name string) bool {
	_, err := StatAt(dirfd, name)
	return err == nil
}

// isCacheDir reports whether a directory holds a real cache tag. Only a regular
// file is read, and O_NONBLOCK keeps anything put in its place from blocking.
func isCacheDir(dirfd int) bool {
	if st, err := StatAt(dirfd, cacheTagName); err != nil || !st.IsRegular() {
		return false
	}
	fd, err := quietly(func(quiet int) (int, error) { return beneath.Open(dirfd, cacheTagName, fileFlags|quiet) })
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	if st, err := FStat(fd); err != nil || !st.IsRegular() {
		return false
	}
	var start [len(cacheTagStart)]byte
	n, _ := unix.Pread(fd, start[:], 0)
	return string(start[:max(n, 0)]) == cacheTagStart
}

// markOf returns why a directory is to be left out for its own mark, "" if it
// is not.
func (s *scanner) markOf(fd int) string {
	switch {
	case s.opts.IgnoreMarks:
	case exists(fd, MarkName):
		return ReasonMarked
	case s.opts.SkipMarked && isCacheDir(fd):
		return ReasonCacheDir
	}
	return ""
}

// markedAbove returns why a directory above fd is left out, "" if none is: a mark
// holds for everything below, whoever names it.
func (c *checker) markedAbove(fd int) string {
	up, err := openAt(fd, "..", pathFlags)
	if err != nil {
		return ""
	}
	defer unix.Close(up)
	return c.markedFrom(up)
}

// markedFrom does the same for fd's directory and those above it. What was found is
// remembered, so that many PATHs cost little.
func (c *checker) markedFrom(fd int) (mark string) {
	var passed []ID
	for at, up := fd, -1; at >= 0; at = up {
		up = -1
		st, err := FStat(at)
		known, met := c.marks[st.ID]
		switch {
		case err != nil:
		case met:
			mark = known
		default:
			c.marks[st.ID] = "" // the root directory lies in itself
			passed = append(passed, st.ID)
			if mark = c.markOf(at); mark == "" {
				up, _ = openAt(at, "..", pathFlags)
			}
		}
		if at != fd {
			unix.Close(at)
		}
	}
	for _, id := range passed {
		c.marks[id] = mark
	}
	return mark
}
