package scan

import (
	"bytes"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/oneinode/oneinode/scan/radix"
)

// finish makes a tree of what the walkers have.
func (s *scanner) finish() error {
	s.domains.forget()
	t := s.tree
	t.filesystems = s.domains.list
	t.amounts = newAmounts(len(t.roots), len(t.filesystems))
	names := 0
	var mounted []Stat
	var symlinks []symlink
	for _, w := range s.walkers {
		names += w.count()
		mounted = append(mounted, w.mounted...)
		symlinks = append(symlinks, w.symlinks...)
		t.leftovers = append(t.leftovers, w.leftovers...)
		t.binds = append(t.binds, w.binds...)
		t.amounts.take(&w.tally)
		s.redirect(w.aliases)
	}
	if uint64(names) > math.MaxUint32 {
		return errManyNames
	}
	t.holds = s.given.unwalked(t)
	t.chains = chainsOf(t, symlinks)
	shared := s.gather()
	t.countOnce(mounted)
	t.fold(shared)
	t.sortLeftovers()
	return nil
}

// redirect makes directories that hold given files the same as those that the
// walk met, so that all names in a directory share a Dir.
func (s *scanner) redirect(aliases []alias) {
	for _, a := range aliases {
		rec := s.tree.dir(a.holds)
		rec.kind, rec.parent = dirAlias, uint32(a.met)
	}
}

// sharedName is a name of an inode with several links, for sorting.
type sharedName struct {
	dev, ino uint64
	name     Name
	domain   Domain
}

func (a sharedName) sameInode(b sharedName) bool  { return a.dev == b.dev && a.ino == b.ino }
func (a sharedName) sameDomain(b sharedName) bool { return a.domain == b.domain }

// gather numbers the names: full chunks stay where they are, and what is left
// over from each walker is put together behind them. It returns the names whose
// inodes have more than one link.
func (s *scanner) gather() []sharedName {
	count := 0
	for _, w := range s.walkers {
		count += w.shared
	}
	shared := make([]sharedName, 0, count)
	for _, w := range s.walkers {
		for len(w.chunks) > 1 || len(w.chunks) == 1 && w.used == chunkLen {
			shared = s.tree.number(shared, w.chunks[0][:])
			s.tree.chunks, w.chunks = append(s.tree.chunks, w.chunks[0]), w.chunks[1:]
		}
	}
	var rest writer
	for _, w := range s.walkers {
		if len(w.chunks) == 0 {
			continue
		}
		tail := w.chunks[0][:w.used]
		shared = s.tree.number(shared, tail)
		for _, r := range tail {
			rest.addRecord(r)
		}
	}
	s.tree.chunks = append(s.tree.chunks, rest.chunks...)
	return shared
}

// number gives records the next numbers, and appends those whose inodes have more than one link.
func (t *Tree) number(shared []sharedName, records []record) []sharedName {
	for j := range records {
		if records[j].dir&sharedBit != 0 {
			shared = append(shared, t.sharedName(&records[j], Name(t.count+j)))
		}
	}
	t.count += len(records)
	return shared
}

func (t *Tree) sharedName(r *record, n Name) sharedName {
	domain := t.dir(Dir(r.dir &^ sharedBit)).domain
	return sharedName{dev: t.filesystems[domain].Dev, ino: r.ino, name: n, domain: domain}
}

// fold finds which of the names lead to one inode, marks all but the first of
// them by path, and completes the sums.
func (t *Tree) fold(list []sharedName) {
	radix.Sort(list, func(s *sharedName) uint64 { return uint64(s.domain) })
	radix.Sort(list, func(s *sharedName) uint64 { return s.ino })
	radix.Sort(list, func(s *sharedName) uint64 { return s.dev })
	lists := divide(list, runtime.NumCPU())
	parts := make([]foldedPart, len(lists))
	var group sync.WaitGroup
	for i := range parts {
		group.Go(func() {
			parts[i] = foldedPart{tree: t, amounts: newAmounts(len(t.roots), len(t.filesystems)), shared: make([]Name, 0, len(lists[i]))}
			parts[i].fold(lists[i])
		})
	}
	group.Wait()
	for i := range parts {
		t.saved += parts[i].saved
		t.amounts.add(&parts[i].amounts)
		t.shared = append(t.shared, parts[i].shared...)
	}
	t.shared = slices.Clip(t.shared)
}

// divide cuts a sorted list into at most n parts of about the same length, none of
// which ends between two names of an inode.
func divide(list []sharedName, n int) (parts [][]sharedName) {
	for ; len(list) > 0; n-- {
		end := (len(list) + n - 1) / n
		for end < len(list) && list[end].sameInode(list[end-1]) {
			end++
		}
		parts, list = append(parts, list[:end]), list[end:]
	}
	return parts
}

// foldedPart is what comes of a part of the shared names.
type foldedPart struct {
	tree    *Tree
	amounts amounts
	shared  []Name
	saved   int64
}

func (f *foldedPart) fold(list []sharedName) {
	for len(list) > 0 {
		var names, group []sharedName
		names, list = leading(list, sharedName.sameInode)
		f.saved += f.tree.Facts(names[0].name).Allocated * int64(len(names)-1)
		f.amounts.shared(f.tree, names)
		for len(names) > 0 {
			group, names = leading(names, sharedName.sameDomain)
			f.foldNames(group)
		}
	}
}

// leading cuts off what comes first in a list and is the same.
func leading(list []sharedName, same func(a, b sharedName) bool) (first, rest []sharedName) {
	n := 1
	for n < len(list) && same(list[n], list[0]) {
		n++
	}
	return list[:n], list[n:]
}

// foldNames deals with the names of one inode in one domain. One that was renamed and renamed back
// while its directory was listed may have been met in two places there, and is one name all the same.
func (f *foldedPart) foldNames(group []sharedName) {
	if len(group) == 1 {
		f.tree.record(group[0].name).dir &^= sharedBit
		return
	}
	f.tree.sortByPath(group)
	for i, s := range group {
		if i > 0 {
			f.tree.record(s.name).size |= laterBit
		}
		if i == 0 || !f.tree.isSame(group[i-1].name, s.name) {
			f.shared = append(f.shared, s.name)
		}
	}
}

// isSame reports whether two records are of one directory entry.
func (t *Tree) isSame(a, b Name) bool {
	return t.Dir(a) == t.Dir(b) && bytes.Equal(t.Base(a), t.Base(b))
}

// sortByPath sorts by the bytes of the whole paths.
func (t *Tree) sortByPath(group []sharedName) {
	slices.SortFunc(group, func(a, b sharedName) int { return t.ComparePaths(a.name, b.name) })
}
