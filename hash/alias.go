package hash

import "github.com/oneinode/oneinode/scan"

// withoutAliases drops members that are an inode of their set once more: seen through another
// mount, which only a set of Options.Group can hold, or met by the walk before and after it got
// a second name (cp -al beside a run). To make such a file one with itself would lose it. A
// protected one stays for the others.
func (s *search) withoutAliases(sets []Set) []Set {
	twice := s.mountedTwice()
	kept := sets[:0]
	for _, set := range sets {
		if twice || s.metTwice(set.Members) {
			set.Members = s.distinct(set.Members)
			set.Domain = s.tree.Domain(set.Members[0].Name)
		}
		if len(set.Members) > 1 {
			kept = append(kept, set)
		}
	}
	return kept
}

// metTwice reports whether an inode of one domain is there twice.
func (s *search) metTwice(members []Member) bool {
	for i := 1; i < len(members); i++ {
		if byInode(s.tree, members[i-1].Name, members[i].Name) == 0 {
			return true
		}
	}
	return false
}

// mountedTwice reports whether two domains of one group are one device.
func (s *search) mountedTwice() bool {
	type place struct {
		device uint64
		group  uint32
	}
	met := map[place]bool{}
	for d, fs := range s.tree.Filesystems() {
		p := place{fs.Dev, s.groups[d]}
		if met[p] {
			return true
		}
		met[p] = true
	}
	return false
}

// distinct keeps one member for each inode, in their order.
func (s *search) distinct(members []Member) []Member {
	at := make(map[scan.ID]int, len(members))
	kept := members[:0]
	for _, m := range members {
		id := s.tree.ID(m.Name)
		i, met := at[id]
		switch {
		case !met:
			at[id] = len(kept)
			kept = append(kept, m)
		case s.tree.Protected(m.Name) && !s.tree.Protected(kept[i].Name):
			kept[i] = m
		}
	}
	return kept
}
