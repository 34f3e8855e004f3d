package scan

import (
	"strings"

	"golang.org/x/sys/unix"
)

// Beside looks for temporary names beside the files that were given as PATH, in
// directories that were not walked: it reads those. What cannot be read has none.
func (t *Tree) Beside() (found []Leftover) {
	var l lister
	for _, d := range t.holds {
		fd, err := t.openBelow(d, nil, dirFlags)
		if err != nil {
			continue
		}
		for _, base := range l.temporary(fd) {
			if st, err := StatAt(fd, base); err == nil && !t.isLeftover(d, base) {
				found = append(found, Leftover{d, base, st})
			}
		}
		unix.Close(fd)
	}
	return found
}

// temporary lists the entries that have the form of a temporary name.
func (l *lister) temporary(fd int) (names []string) {
	l.begin(fd)
	defer l.end()
	for more := true; more; more = l.more(fd) {
		for e, ok := l.next(); ok; e, ok = l.next() {
			if isTemporary(e.name) {
				names = append(names, string(e.name))
			}
		}
	}
	return names
}

// isLeftover reports whether the scan has met a temporary name: it may be given, too.
func (t *Tree) isLeftover(d Dir, base string) bool {
	for _, l := range t.leftovers {
		if l.Dir == d && l.Base == base {
			return true
		}
	}
	return false
}

// Gives reports whether an entry of a directory was given as PATH by itself.
func (t *Tree) Gives(d Dir, base string) bool {
	path := string(t.appendEntry(nil, d, []byte(base)))
	for _, given := range t.clean {
		if given == path || strings.HasPrefix(path, "./") && given == path[2:] {
			return true
		}
	}
	return false
}
