package hash

import (
	"github.com/zeebo/blake3"
	"golang.org/x/sys/unix"
)

// class is two or more open files that are equal up to an offset. Its members
// are a range of the records that belongs to it alone, so that what is left of
// it in the end can become a set without a copy.
type class struct {
	members []Member
	fds     []int     // of each member
	size    int64     // of each file
	off     int64     // up to here they were found equal
	tail    int64     // and from here on
	narrow  int64     // up to this offset it is compared by one worker
	dropped droppedTo // of the files that the page cache did not have
	warm    bool      // the page cache had parts of all of them, and may be looked at
	begun   int       // members that it began with; 0 once it was split
	// digest has taken in the equal bytes, nil when nobody asked for a digest.
	digest *blake3.Hasher
}

const (
	// tailChunks is how many chunks at the end of long files are compared before the
	// middle: what tells files apart that begin alike is often there.
	tailChunks = 2
	// longEnough is how many times longer than that a file must be: a spinning disk
	// seeks twice more.
	longEnough = 8
)

// tailSize is how many bytes at the end of a file are compared before its middle.
func tailSize(size, chunk int64) int64 {
	if size < longEnough*tailChunks*chunk {
		return 0
	}
	return tailChunks * chunk
}

// next returns the range that is to be compared next, in chunks of so many bytes: the
// beginning, the end of long files, then what lies between.
func (c *class) next(chunk int64) (from, length int64) {
	last := c.size - tailSize(c.size, chunk)
	switch {
	case c.off == 0:
		return 0, firstChunk // no file here is shorter
	case chunk <= c.off && c.off < last && last < c.tail:
		return c.tail - chunk, chunk
	}
	return c.off, min(chunk, c.tail-c.off)
}

// equal notes that a range, of those that next gives, is equal in all members.
func (c *class) equal(from, length int64) {
	if from > c.off {
		c.tail = from
		return
	}
	c.reach(from + length)
}

// reach notes that all is equal up to an offset. A digest is made from the front to
// the end, so what was compared early at the end has its turn once more.
func (c *class) reach(off int64) {
	c.off = off
	if c.off == c.tail && c.digest != nil {
		c.tail = c.size
	}
}

// out labels a member that leaves its class.
const out = -1

// split divides a class by labels: the members labelled k become part k, in
// their old order, those labelled out become part len(parts)-1, which may be
// empty. Each has come as far as the class; its digest stays with that.
func (c *class) split(labels []int, parts int) []*class {
	members, fds := append([]Member(nil), c.members...), append([]int(nil), c.fds...)
	result := make([]*class, parts+1)
	at := 0
	for k := range result {
		label := k
		if k == parts {
			label = out
		}
		from := at
		for i, l := range labels {
			if l == label {
				c.members[at], c.fds[at] = members[i], fds[i]
				at++
			}
		}
		result[k] = &class{
			members: c.members[from:at:at], fds: c.fds[from:at:at], size: c.size,
			off: c.off, tail: c.tail, dropped: c.dropped, warm: c.warm,
		}
	}
	return result
}

// close closes all files.
func (c *class) close() {
	for _, fd := range c.fds {
		unix.Close(fd)
	}
	c.fds = nil
}
