package scan

import (
	"strings"
	"unsafe"
)

// subject is a name in the three forms that a glob may ask for: its last element,
// its path as shown (see shownPath) and its absolute path. rel and abs may be
// empty when needsShown and needsAbsolute say that no glob reads them.
type subject struct{ base, rel, abs string }

// pathBuffer holds the path of the directory at work, for filters that read it.
type pathBuffer struct{ shown, abs prefix }

// prefix is a path with room for a name behind it.
type prefix struct {
	buf  []byte
	from int // where the path begins
	dir  int // where a name begins
	on   bool
}

// startPath puts the path of the directory at work together.
func (w *walker) startPath() {
	f, p, clean := &w.opts.Filter, &w.path, w.tree.clean[w.at.root]
	if p.shown.on = f.needsShown(); p.shown.on {
		top := shownPath(clean)
		w.startPrefix(&p.shown, top)
		if top == "" {
			p.shown.from = 1 // "." and "/" are no part of what is shown
		}
	}
	if p.abs.on = f.needsAbsolute(); p.abs.on {
		w.startPrefix(&p.abs, w.given.absolute(clean))
	}
}

// startPrefix puts what leads to the directory at work behind the path of its root.
func (w *walker) startPrefix(p *prefix, top string) {
	_, size := w.tree.above(w.at.dir)
	p.buf = append(p.buf[:0], top...)
	p.buf = append(w.tree.appendBelow(p.buf, w.at.dir, size, nil), '/')
	p.from, p.dir = 0, len(p.buf)
}

// shownPath is a clean path as relative globs see it: without "./", and without
// the slash of an absolute one; "" for "." and "/".
func shownPath(clean string) string {
	if clean == "." {
		return ""
	}
	return strings.TrimPrefix(strings.TrimPrefix(clean, "/"), "./")
}

// name returns the path of an entry. It is good until the next call.
func (p *prefix) name(name []byte) string {
	if !p.on {
		return ""
	}
	p.buf = append(p.buf[:p.dir], name...)
	return unsafe.String(&p.buf[p.from], len(p.buf)-p.from)
}

// subject describes an entry of the directory at work to the filter. It is good
// until the next call.
func (p *pathBuffer) subject(name []byte) subject {
	return subject{unsafe.String(unsafe.SliceData(name), len(name)), p.shown.name(name), p.abs.name(name)}
}
