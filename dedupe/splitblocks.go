package dedupe

import (
	"context"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/hash/extents"
	"github.com/oneinode/oneinode/scan"
)

// AddBlocks adds the files that share blocks with others, snapshots included:
// they get blocks of their own, in place, and so do copies of files with several
// names. A file that no given path keeps needs none.
func (s *Split) AddBlocks() {
	s.apart = true
	for _, n := range s.stay {
		s.addBlocks(n)
	}
	for _, need := range s.sum.order {
		need.CanReflink = false // sharing is what ends
	}
	s.Needs = s.sum.list()
}

func (s *Split) addBlocks(n scan.Name) {
	dir, err := s.tree.OpenDir(s.tree.Dir(n))
	if err != nil {
		return // told when it was scanned, or by the split of its names
	}
	defer kernel.Close(dir)
	now, list, r := lookAtShared(dir, string(s.tree.Base(n)), s.tree.Ino(n))
	bytes := extents.SharedBytes(list)
	if r == nil && bytes == 0 {
		return
	}
	s.blocks = append(s.blocks, n)
	if r == nil {
		s.sum.add(dir, now.Dev, &now, bytes)
	}
}

func (s *Split) announceBlocks(t *taker, n scan.Name) *pastName {
	p := &pastName{}
	p.Path = journal.Path(absolute(s.tree.Path(n)))
	id := s.tree.ID(n)
	t.append(p, journal.Set{Dev: id.Dev, Keeper: id.Ino, Link: decide.LinkReflink.String()}, id.Ino)
	return p
}

// ownBlocks gives the inode at a name blocks of its own.
func (s *Split) ownBlocks(ctx context.Context, n scan.Name) (int64, *refusal) {
	dir, err := s.tree.OpenDir(s.tree.Dir(n))
	if err != nil {
		return 0, goneOr(ReasonDirGone, err)
	}
	defer kernel.Close(dir)
	return unshareAt(ctx, dir, string(s.tree.Base(n)), s.tree.Ino(n))
}

// unshareAt gives the inode at base blocks of its own, if it still is that one.
func unshareAt(ctx context.Context, dir int, base string, inode uint64) (int64, *refusal) {
	now, list, r := lookAtShared(dir, base, inode)
	if r != nil {
		return 0, r
	}
	if extents.SharedBytes(list) == 0 {
		return 0, skip(ReasonOwnBlocks)
	}
	u := unsharing{before: now, list: list}
	return u.at(ctx, dir, base, now.Mtime)
}

// unshareCopy does so for a copy that was just made at base.
func unshareCopy(ctx context.Context, dir int, base string) *refusal {
	now, err := scan.StatAtNow(dir, base)
	if err != nil {
		return refused(err)
	}
	_, r := unshareAt(ctx, dir, base, now.Ino)
	if r != nil && r.reason == ReasonOwnBlocks {
		return nil
	}
	return r
}
