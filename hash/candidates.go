package hash

import (
	"github.com/oneinode/oneinode/scan"
	"github.com/oneinode/oneinode/scan/radix"
)

// inodes is the part of a scan.Tree that decides about candidates, so that the
// decision can be tested without a filesystem.
type inodes interface {
	Len() int
	First(scan.Name) bool
	Size(scan.Name) int64
	Ino(scan.Name) uint64
	Domain(scan.Name) scan.Domain
}

// wanted are the inodes of a tree but for those that are not to be looked at.
type wanted struct {
	inodes
	is func(scan.Name) bool
}

func (w wanted) First(n scan.Name) bool { return w.inodes.First(n) && w.is(n) }

// candidates returns a record for one name of every inode that shares its size
// with another inode of its group, in the order in which they are to be read: by
// domain and inode number, since filesystems lay out inodes, and mostly their
// data, in that order. groups gives the group of each domain, numbered from 0.
func candidates(t inodes, groups []uint32) []Member {
	counts := countSizes(t, groups)
	total := 0
	for i := range counts {
		total += counts[i].several()
	}
	names := make([]scan.Name, 0, total)
	for n := range scan.Name(t.Len()) {
		if g := groups[t.Domain(n)]; g != NoGroup && t.First(n) && counts[g].of(t.Size(n)) > 1 {
			names = append(names, n)
		}
	}
	return inInodeOrder(t, names)
}

// inInodeOrder sorts names, and makes records of them. To sort 4 bytes a name, and
// ask the tree for what they are sorted by, takes a fifth of the memory of keys.
func inInodeOrder(t inodes, names []scan.Name) []Member {
	radix.Sort(names, func(n *scan.Name) uint64 { return t.Ino(*n) })
	radix.Sort(names, func(n *scan.Name) uint64 { return uint64(t.Domain(*n)) })
	list := make([]Member, len(names))
	for i, n := range names {
		list[i].Name = n
	}
	return list
}

// countSizes counts inodes by group and size. A count costs a few bytes for
// each distinct size, where a list of the inodes would cost several times that.
func countSizes(t inodes, groups []uint32) []sizeCounts {
	counts := make([]sizeCounts, len(groups))
	for n := range scan.Name(t.Len()) {
		if g := groups[t.Domain(n)]; g != NoGroup && t.First(n) {
			counts[g].add(t.Size(n))
		}
	}
	return counts
}

const (
	// pagedSizes are the sizes that have a counter of their own as soon as one near
	// them occurs: most files are so small, and a map takes five times as long.
	pagedSizes = 1 << 16
	// countPage is how many of them share a page.
	countPage = 1 << 8
)

// sizeCounts counts the inodes of each size.
type sizeCounts struct {
	pages [pagedSizes / countPage]*[countPage]uint32
	rest  map[int64]uint32
}

func (c *sizeCounts) add(size int64) {
	if size >= pagedSizes {
		if c.rest == nil {
			c.rest = make(map[int64]uint32)
		}
		c.rest[size]++
		return
	}
	page := &c.pages[size/countPage]
	if *page == nil {
		*page = new([countPage]uint32)
	}
	(*page)[size%countPage]++
}

// of is how many inodes have a size that was added.
func (c *sizeCounts) of(size int64) uint32 {
	if size >= pagedSizes {
		return c.rest[size]
	}
	return c.pages[size/countPage][size%countPage]
}

// several counts the inodes that share their size.
func (c *sizeCounts) several() (total int) {
	add := func(n uint32) {
		if n > 1 {
			total += int(n)
		}
	}
	for _, page := range c.pages {
		if page != nil {
			for _, n := range page {
				add(n)
			}
		}
	}
	for _, n := range c.rest {
		add(n)
	}
	return total
}

// groupNumbers gives every domain the number of its group, counted from 0 in
// the order of the domains; NoGroup stays. Without a function each domain is its own group.
func groupNumbers(domains int, group func(scan.Domain) uint32) []uint32 {
	if group == nil {
		group = func(d scan.Domain) uint32 { return uint32(d) }
	}
	numbers := make([]uint32, domains)
	seen := make(map[uint32]uint32)
	for d := range numbers {
		key := group(scan.Domain(d))
		if key == NoGroup {
			numbers[d] = NoGroup
			continue
		}
		if _, ok := seen[key]; !ok {
			seen[key] = uint32(len(seen))
		}
		numbers[d] = seen[key]
	}
	return numbers
}
