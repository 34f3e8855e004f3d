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
	fds     []int // of each member
	size    int64 // of each file
	off     int64 // bytes found equal so far
	narrow  int64 // up to this offset it is compared by one worker
	kept    kept  // of the files that the page cache did not have
	begun   int   // members that it began with; 0 once it was split
	// digest has taken in the equal bytes, nil when nobody asked for a digest.
	digest *blake3.Hasher
}

// out labels a member that leaves its class.
const out = -1

// split divides a class by labels: the members labelled k become part k, in
// their old order, those labelled out become part len(parts)-1, which may be
// empty. Only members, fds and size of the parts are set.
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
		result[k] = &class{members: c.members[from:at:at], fds: c.fds[from:at:at], size: c.size}
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
