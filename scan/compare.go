package scan

import (
	"bytes"
	"cmp"
)

// ComparePaths compares the paths of two names, byte by byte, without putting them
// together: it looks for the directory where their ways part.
func (t *Tree) ComparePaths(a, b Name) int {
	x, y := t.wayTo(a), t.wayTo(b)
	for x.depth > y.depth {
		x.up()
	}
	for y.depth > x.depth {
		y.up()
	}
	for x.dir != y.dir && x.depth > 0 {
		x.up()
		y.up()
	}
	if c := x.compare(&y); c != 0 && x.dir == y.dir && !t.isGiven(a) && !t.isGiven(b) {
		return c
	}
	return bytes.Compare(t.AppendPath(nil, a), t.AppendPath(nil, b))
}

// isGiven reports whether n is a PATH of its own, which is printed as it was given.
func (t *Tree) isGiven(n Name) bool { return t.storedIn(n).kind == dirFile }

// way is the way down to a name, seen from one of the directories on it.
type way struct {
	tree  *Tree
	name  Name
	dir   Dir
	depth int  // of dir, 0 at the top
	below Dir  // the next one on the way
	more  bool // there is one: else the name comes next
}

func (t *Tree) wayTo(n Name) way {
	w := way{tree: t, name: n, dir: t.Dir(n)}
	for rec := t.dir(w.dir); rec.kind == dirPlain; rec = t.dir(Dir(rec.parent)) {
		w.depth++
	}
	return w
}

// up goes to the directory above, which there is where depth is not 0.
func (w *way) up() {
	w.below, w.more = w.dir, true
	w.dir = Dir(w.tree.dir(w.below).parent)
	w.depth--
}

// element is what comes after dir.
func (w *way) element() []byte {
	if w.more {
		return nameAt(&w.tree.names, w.tree.dir(w.below).name)
	}
	return w.tree.Base(w.name)
}

// compare compares what comes after the directory of both, up to the first slash.
func (w *way) compare(o *way) int {
	a, b := w.element(), o.element()
	n := min(len(a), len(b))
	if c := bytes.Compare(a[:n], b[:n]); c != 0 {
		return c
	}
	return cmp.Compare(w.after(a, n), o.after(b, n))
}

// after is the byte at n of an element and what follows it, or -1 at the end of the path.
func (w *way) after(element []byte, n int) int {
	switch {
	case n < len(element):
		return int(element[n])
	case w.more:
		return '/'
	}
	return -1
}
