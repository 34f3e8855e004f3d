package hash

import (
	"github.com/oneinode/oneinode/scan"
	"github.com/oneinode/oneinode/scan/radix"
)

// facts is the part of a scan.Tree that decides about candidates, so that the
// decision can be tested without a filesystem.
type facts interface {
	Len() int
	First(scan.Name) bool
	Size(scan.Name) int64
	Ino(scan.Name) uint64
	Domain(scan.Name) scan.Domain
}

// candidates returns a record for one name of every inode that shares its size
// with another inode of its group, in the order in which they are to be read: by
// domain and inode number, since filesystems lay out inodes, and mostly their
// data, in that order. groups gives the group of each domain, numbered from 0.
func candidates(t facts, groups []uint32) []Member {
	counts := countSizes(t, groups)
	total := 0
	for _, sizes := range counts {
		for _, n := range sizes {
			if n > 1 {
				total += int(n)
			}
		}
	}
	names := make([]scan.Name, 0, total)
	for n := range scan.Name(t.Len()) {
		if g := groups[t.Domain(n)]; g != NoGroup && t.First(n) && counts[g][t.Size(n)] > 1 {
			names = append(names, n)
		}
	}
	return inInodeOrder(t, names)
}

// inInodeOrder sorts names, and makes records of them. To sort 4 bytes a name, and
// ask the tree for what they are sorted by, takes a fifth of the memory of keys.
func inInodeOrder(t facts, names []scan.Name) []Member {
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
func countSizes(t facts, groups []uint32) []map[int64]uint32 {
	counts := make([]map[int64]uint32, len(groups))
	for i := range counts {
		counts[i] = make(map[int64]uint32)
	}
	for n := range scan.Name(t.Len()) {
		if g := groups[t.Domain(n)]; g != NoGroup && t.First(n) {
			counts[g][t.Size(n)]++
		}
	}
	return counts
}

// groupNumbers gives every domain the number of its group, counted from 0 in
// the order of the domains; NoGroup stays. Without a function each domain is its own group.
func groupNumbers(domains int, group func(scan.Domain) uint32) []uint32 {
	numbers := make([]uint32, domains)
	seen := make(map[uint32]uint32)
	for d := range numbers {
		if group == nil {
			numbers[d] = uint32(d)
			continue
		}
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
