package scan

import (
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// AppendPath appends the whole path of n, as the user would write it (root as
// given, cleaned), to buf.
func (t *Tree) AppendPath(buf []byte, n Name) []byte {
	r := t.record(n)
	d := Dir(r.dir &^ sharedBit)
	if rec := t.dir(d); rec.kind == dirFile {
		return append(buf, t.clean[rec.root]...)
	}
	return t.appendEntry(buf, d, nameAt(&t.names, r.name))
}

// Path is AppendPath as a string.
func (t *Tree) Path(n Name) string {
	var room [256]byte // so that most paths are allocated but once
	return string(t.AppendPath(room[:0], n))
}

// AppendDirPath does the same for a directory.
func (t *Tree) AppendDirPath(buf []byte, d Dir) []byte { return t.appendEntry(buf, d, nil) }

// appendEntry appends the path of an entry of d, or of d itself if name is empty.
func (t *Tree) appendEntry(buf []byte, d Dir, name []byte) []byte {
	d = t.real(d)
	top, size := t.above(d)
	prefix := t.topPath(top)
	if size+len(name) > 0 {
		prefix = strings.TrimSuffix(prefix, "/")
	}
	return t.appendBelow(append(buf, prefix...), d, size, name)
}

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

// topPath returns the printed path of a root, or of a directory that holds roots.
func (t *Tree) topPath(top Dir) string {
	rec := t.dir(top)
	if rec.kind == dirRoot {
		return t.clean[rec.root]
	}
	dir, _ := SplitPath(t.clean[rec.root])
	return dir
}

// Parent returns the directory that holds d, false for the directory of a root.
func (t *Tree) Parent(d Dir) (Dir, bool) {
	d = t.real(d)
	rec := t.dir(d)
	if rec.kind != dirPlain {
		return 0, false
	}
	return t.real(Dir(rec.parent)), true
}

// DirBase returns the last element of a directory's path; false for that of a
// root. The bytes belong to the tree.
func (t *Tree) DirBase(d Dir) ([]byte, bool) {
	rec := t.dir(t.real(d))
	if rec.kind != dirPlain {
		return nil, false
	}
	return nameAt(&t.names, rec.name), true
}

// real returns the directory that a stand-in stands in for, d if it is none.
func (t *Tree) real(d Dir) Dir {
	for {
		rec := t.dir(d)
		if rec.kind < dirAlias {
			return d
		}
		d = Dir(rec.parent)
	}
}

// above returns the directory at the top of d and the length of what leads from
// there to d, a slash before each element. d is not a stand-in.
func (t *Tree) above(d Dir) (top Dir, size int) {
	rec := t.dir(d)
	for rec.kind == dirPlain {
		size += 1 + len(nameAt(&t.names, rec.name))
		d = Dir(rec.parent)
		rec = t.dir(d)
	}
	return d, size
}

// appendBelow appends what leads from the top to d's entry name, a slash before
// each element; size is that of above. It fills from the end: a loop, since a
// tree may be deeper than a stack.
func (t *Tree) appendBelow(buf []byte, d Dir, size int, name []byte) []byte {
	end := len(buf) + size
	buf = append(buf, make([]byte, size)...)
	for rec := t.dir(d); rec.kind == dirPlain; rec = t.dir(Dir(rec.parent)) {
		element := nameAt(&t.names, rec.name)
		end -= len(element) + 1
		buf[end] = '/'
		copy(buf[end+1:], element)
	}
	if len(name) == 0 {
		return buf
	}
	return append(append(buf, '/'), name...)
}

// CleanPath tidies a PATH for output without changing what it leads to: other
// than path.Clean it keeps "..", since "link/.." is not the directory of link.
// A "./" before a leading dash stays as well; whoever wrote it needs it.
func CleanPath(p string) string {
	if !strings.Contains(p, "..") {
		return shield(path.Clean(p))
	}
	out := make([]string, 0, strings.Count(p, "/")+1)
	for part := range strings.SplitSeq(p, "/") {
		if part != "" && part != "." {
			out = append(out, part)
		}
	}
	clean := strings.Join(out, "/")
	if strings.HasPrefix(p, "/") {
		return "/" + clean
	}
	return shield(clean)
}

// Absolute is CleanPath for a path that is to be good in other working directories, too, and when
// a directory is gone that it only goes through and back.
func Absolute(p string) (string, error) {
	if strings.HasPrefix(p, "/") {
		return withoutDetours(CleanPath(p)), nil
	}
	here, rest, err := climb(p)
	return withoutDetours(CleanPath(here + "/" + rest)), err
}

// withoutDetours takes "dir/.." out of a clean absolute path. "link/.." stays: it is elsewhere.
func withoutDetours(clean string) string {
	if !strings.Contains(clean, "/..") {
		return clean
	}
	done := "/"
	for part := range strings.SplitSeq(clean[1:], "/") {
		if part == ".." && !isLink(done) {
			done, _ = SplitPath(done) // path.Dir would take "link/.." out
		} else {
			done = strings.TrimSuffix(done, "/") + "/" + part
		}
	}
	return done
}

// isLink reports whether one must not step back from a path by its text.
func isLink(p string) bool {
	info, err := os.Lstat(p)
	return strings.HasSuffix(p, "/..") || err == nil && info.Mode()&os.ModeSymlink != 0
}

// climb returns the directory that a relative path begins in, and the rest of the
// path. What begins with ".." begins above what the kernel takes for the working
// directory: no link is in that, and it need not be there later.
func climb(p string) (dir, rest string, err error) {
	if dir, err = unix.Getwd(); err != nil || !leadsUp(p) {
		dir, err = os.Getwd()
		return dir, p, err
	}
	dir, rest = Climb(dir, p)
	return dir, rest, nil
}

// Climb takes every ".." that a relative path begins with off the directory that it begins in. No
// link may be in that.
func Climb(dir, p string) (above, rest string) {
	for rest = p; leadsUp(rest); rest = strings.TrimLeft(rest[strings.Index(rest, "..")+len(".."):], "/") {
		dir = path.Dir(dir)
	}
	return dir, rest
}

func leadsUp(p string) bool { return strings.HasPrefix(CleanPath(p)+"/", "../") }

func shield(clean string) string {
	if strings.HasPrefix(clean, "-") {
		return "./" + clean
	}
	return clean
}

// SplitPath cuts a clean path into directory and last element.
func SplitPath(clean string) (dir, base string) {
	i := strings.LastIndexByte(clean, '/')
	switch {
	case i < 0:
		return ".", clean
	case i == 0:
		return "/", clean[1:]
	}
	return clean[:i], clean[i+1:]
}

// asksForDirectory reports whether a PATH names a directory whatever its last
// element is: then the kernel follows a link there (POSIX path resolution).
func asksForDirectory(p string) bool {
	_, base := SplitPath(p)
	return base == "" || base == "." || base == ".."
}
