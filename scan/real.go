package scan

import "strings"

// RealDir returns the absolute path of a directory, as of the scan, that leads
// through no symbolic link: where its root really was, and below it the walk
// follows none. "" where the system does not tell.
func (t *Tree) RealDir(d Dir) string {
	d = t.real(d)
	top, size := t.above(d)
	prefix := t.anchors.list[t.dir(top).parent].real
	if prefix == "" {
		return ""
	}
	if size > 0 {
		prefix = strings.TrimSuffix(prefix, "/")
	}
	return string(t.appendBelow([]byte(prefix), d, size, nil))
}

// RealPath is RealDir for a name.
func (t *Tree) RealPath(n Name) string {
	dir := t.RealDir(t.Dir(n))
	if dir == "" {
		return ""
	}
	return strings.TrimSuffix(dir, "/") + "/" + string(t.Base(n))
}
