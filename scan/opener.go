package scan

import (
	"io/fs"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan/beneath"
)

// OpenDir opens a directory of the tree beneath its root's descriptor, never
// through a symbolic link, however long its path. The caller closes fd. Without
// permission to list the directory fd is good for reaching its entries only.
// The error is an *fs.PathError with the directory's path.
func (t *Tree) OpenDir(d Dir) (fd int, err error) {
	fd, err = t.openBelow(d, nil, unix.O_RDONLY|unix.O_DIRECTORY)
	if err == unix.EACCES {
		fd, err = t.openBelow(d, nil, pathFlags)
	}
	if err != nil {
		return -1, &fs.PathError{Op: "open", Path: string(t.AppendDirPath(nil, d)), Err: err}
	}
	return fd, nil
}

// openBelow opens an entry of d, or d itself, beneath d's anchor.
func (t *Tree) openBelow(d Dir, name []byte, flags int) (int, error) {
	d = t.real(d)
	top, size := t.above(d)
	at, own, err := t.anchors.use(t.dir(top).parent)
	if err != nil {
		return -1, err
	}
	if own {
		defer unix.Close(at)
	}
	var small [512]byte
	path := t.appendBelow(small[:0], d, size, name)
	if len(path) > 0 {
		path = path[1:]
	}
	return beneath.Open(at, path, flags)
}

// Close releases the descriptors of the roots. Nothing can be opened after it.
func (t *Tree) Close() {
	t.anchors.release(func(*anchor) bool { return true })
	t.anchors.scarce = false
}

// Opener opens files of one tree; it keeps the last directory open, so it is
// for one goroutine, and cheapest when names come directory by directory.
type Opener struct {
	tree  *Tree
	last  Dir
	known bool // last is set
	dirfd int  // of last, -1 until a second name there is asked for
	loud  bool // the kernel refused O_NOATIME in this directory
}

// NewOpener returns an Opener without an open directory.
func (t *Tree) NewOpener() *Opener { return &Opener{tree: t, dirfd: -1} }

const fileFlags = unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC | unix.O_NOCTTY

// Open opens n for reading: O_NOFOLLOW, O_NONBLOCK, O_CLOEXEC, and O_NOATIME
// where the kernel allows it. It does not prove identity: FStat the result. The
// error is an *fs.PathError with the whole path; the caller closes fd.
func (o *Opener) Open(n Name) (fd int, err error) {
	d, base := o.tree.Dir(n), o.tree.Base(n)
	first := o.turnTo(d)
	if !o.loud {
		fd, err = o.open(d, base, fileFlags|quietFlag, first)
		o.loud = err == unix.EPERM
	}
	if o.loud {
		fd, err = o.open(d, base, fileFlags, first)
	}
	if err != nil {
		return -1, &fs.PathError{Op: "open", Path: o.tree.Path(n), Err: err}
	}
	return fd, nil
}

// turnTo makes d the directory that is kept, and reports whether it was not.
func (o *Opener) turnTo(d Dir) (first bool) {
	if o.known && d == o.last {
		return false
	}
	o.Close()
	o.last, o.known = d, true
	return true
}

// open opens the first name of a directory by its whole path, which takes one
// call; from the second on it goes through the directory.
func (o *Opener) open(d Dir, base []byte, flags int, first bool) (int, error) {
	if first {
		return o.tree.openBelow(d, base, flags)
	}
	if o.dirfd < 0 {
		fd, err := o.tree.openBelow(d, nil, pathFlags)
		if err != nil {
			return -1, err
		}
		o.dirfd = fd
	}
	return beneath.Open(o.dirfd, base, flags)
}

// Close closes the directory that it kept. The Opener can be used again.
func (o *Opener) Close() {
	if o.dirfd >= 0 {
		unix.Close(o.dirfd)
	}
	o.dirfd, o.known, o.loud = -1, false, false
}
