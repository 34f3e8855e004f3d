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
func (t *Tree) isGiven(n Name) bool { return t.place(n).kind == dirFile }

// way is the way down to a name, seen from one of the directories on it.
type way struct {
	tree    *Tree
	dir     Dir
	depth   int    // of dir, 0 at the top
	element []byte // what comes after dir
	more    bool   // and it is not the last
}

func (t *Tree) wayTo(n Name) way {
	w := way{tree: t, dir: t.Dir(n), element: t.Base(n)}
	for rec := t.dir(w.dir); rec.kind == dirPlain; rec = t.dir(Dir(rec.parent)) {
		w.depth++
	}
	return w
}

// up goes to the directory above, which there is where depth is not 0.
func (w *way) up() {
	rec := w.tree.dir(w.dir)
	w.dir, w.element, w.more = Dir(rec.parent), nameAt(&w.tree.names, rec.name), true
	w.depth--
}

// compare compares what comes after the directory of both, up to the first slash.
func (w *way) compare(o *way) int {
	n := min(len(w.element), len(o.element))
	if c := bytes.Compare(w.element[:n], o.element[:n]); c != 0 {
		return c
	}
	return cmp.Compare(w.after(n), o.after(n))
}

// after is the byte at n, or -1 at the end of the path.
func (w *way) after(n int) int {
	switch {
	case n < len(w.element):
		return int(w.element[n])
	case w.more:
		return '/'
	}
	return -1
}
