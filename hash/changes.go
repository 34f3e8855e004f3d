package hash

import (
	"sync"
	"sync/atomic"

	"github.com/oneinode/oneinode/scan"
)

// changes holds what is known of files that were no more what the walk had met when
// they were read. They are few: of all others the tree knows it. Safe for concurrent
// use; the zero value is empty.
type changes struct {
	some atomic.Bool
	mu   sync.Mutex
	of   map[scan.Name]scan.Facts
}

// facts returns what a file was when it was read, or before that, when it was met.
func (c *changes) facts(t *scan.Tree, n scan.Name) scan.Facts {
	if c.some.Load() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if f, changed := c.of[n]; changed {
			return f
		}
	}
	return t.Facts(n)
}

// note takes down what a file is now.
func (c *changes) note(t *scan.Tree, n scan.Name, f scan.Facts) {
	if f == c.facts(t, n) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = make(map[scan.Name]scan.Facts)
	}
	c.of[n] = f
	c.some.Store(true)
}

// Facts returns what the inode of a member was when it was read: from the
// descriptor that was read, before the first and unchanged after the last byte (if
// not Unread).
func (r *Result) Facts(m Member) scan.Facts { return r.changes.facts(r.Tree, m.Name) }

func (s *search) facts(n scan.Name) scan.Facts { return s.changes.facts(s.tree, n) }

// sameTimes reports whether a file still has the times of its facts.
func sameTimes(st *scan.Stat, f *scan.Facts) bool { return st.Mtime == f.Mtime && st.Ctime == f.Ctime }
