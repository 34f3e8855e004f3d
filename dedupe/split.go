package dedupe

import (
	"cmp"
	"context"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/scan"
)

// Split is about to give names copies of their own.
type Split struct {
	tree  *scan.Tree
	names []scan.Name
	own   []scan.Name // of inodes without a second name
	stay  []scan.Name // that keep their inode
	links []*splitLink
	known map[string]bool // paths of links
	// blocks are the files that get blocks of their own, in place; apart: and so
	// do the copies.
	blocks []scan.Name
	apart  bool
	sum    needs
	Needs  []Need // of all that was added
}

// NewSplit looks at every name of the tree and picks those whose inode has
// others. Of an inode whose every name is in the tree, the last one by path
// needs no copy: the inode is left to it.
//
// An inode that cannot be looked at is picked with all its names: Run will say what is wrong.
func NewSplit(tree *scan.Tree) *Split {
	s := &Split{tree: tree}
	for n := range scan.Name(tree.Len()) {
		if !tree.First(n) {
			continue
		}
		if err := s.pick(n); err != nil {
			s.names = s.tree.Links(s.names, n)
		}
	}
	s.Needs = s.sum.list()
	return s
}

// pick looks at one inode.
func (s *Split) pick(first scan.Name) error {
	dir, err := s.tree.OpenDir(s.tree.Dir(first))
	if err != nil {
		return err
	}
	defer kernel.Close(dir)
	now, err := scan.StatAtNow(dir, string(s.tree.Base(first)))
	if err != nil {
		return err
	}
	names := s.tree.Links(nil, first)
	if decide.Outside(now.Links, len(names)) == 0 {
		s.stay = append(s.stay, names[len(names)-1])
		names = names[:len(names)-1]
	}
	if len(names) == 0 {
		s.own = append(s.own, first)
		return nil
	}
	for range names {
		s.sum.add(dir, now.Dev, &now, now.Allocated)
	}
	s.names = append(s.names, names...)
	return nil
}

// EachOwn tells the paths whose files have no other name: there is nothing to split.
func (s *Split) EachOwn(tell func(path, reason string)) {
	for _, n := range s.own {
		tell(s.tree.Path(n), ReasonOwnCopy)
	}
}

// Len is how many names get a copy, or blocks of their own.
func (s *Split) Len() int { return len(s.names) + len(s.links) + len(s.blocks) }

// Run makes the copies, journal first. It may be stopped and started again.
func (s *Split) Run(ctx context.Context, w *journal.Writer, run string, tell func(UndoOutcome)) (UndoTotals, error) {
	t := newTaker(w, UndoOptions{OnPath: tell})
	err := inBatches(ctx, &s.names, func(batch []scan.Name) error {
		return t.part(ctx, len(batch), func(i int) *pastName { return s.announceName(t, batch[i], run) },
			func(i int, p *pastName) (int64, *refusal) { return s.one(ctx, t, batch[i], p) })
	})
	if err == nil {
		err = inBatches(ctx, &s.links, func(batch []*splitLink) error {
			return t.part(ctx, len(batch), func(i int) *pastName { return batch[i].announce(t, run) },
				func(i int, p *pastName) (int64, *refusal) { return batch[i].separate(ctx, s, t, p) })
		})
	}
	if err == nil {
		err = inBatches(ctx, &s.blocks, func(batch []scan.Name) error {
			return t.part(ctx, len(batch), func(i int) *pastName { return s.announceBlocks(t, batch[i]) },
				func(i int, _ *pastName) (int64, *refusal) { return s.ownBlocks(ctx, batch[i]) })
		})
	}
	t.disk.settle()
	return t.totals(), cmp.Or(err, t.disk.err)
}

// inBatches takes a list bit by bit, until ctx ends.
func inBatches[T any](ctx context.Context, list *[]T, do func([]T) error) error {
	for len(*list) > 0 && ctx.Err() == nil {
		batch := (*list)[:min(len(*list), lastBatch)]
		*list = (*list)[len(batch):]
		if err := do(batch); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// part announces n paths and then parts them from what they share, until ctx ends.
func (t *taker) part(ctx context.Context, n int, announce func(int) *pastName, do func(int, *pastName) (int64, *refusal)) error {
	announced := make([]*pastName, n)
	for i := range announced {
		announced[i] = announce(i)
	}
	if err := t.journal.Sync(); err != nil {
		return err
	}
	for i, p := range announced {
		if ctx.Err() != nil {
			return nil
		}
		if bytes, r := do(i, p); isTold(ctx, r) {
			t.report(p, bytes, r)
		}
	}
	return nil
}

// append numbers one path in the journal, and tells of what it is to part from.
func (t *taker) append(p *pastName, set journal.Set, old uint64) {
	t.seq++
	p.Seq, set.Path = t.seq, p.Path
	t.journal.Append(journal.Record{Set: &set}, journal.Record{Old: &journal.Old{Inode: old}}, journal.Record{Replace: &p.Replace})
}

func (s *Split) announceName(t *taker, n scan.Name, run string) *pastName {
	p := &pastName{tmp: temporaryName(run)}
	p.Path, p.Temporary = journal.Path(absolute(s.tree.Path(n))), p.tmp
	dir, _ := identify(s.tree, s.tree.Dir(n)) // what is wrong with it is told when it is the name's turn
	p.DirDev, p.DirInode = dir.Dev, dir.Ino
	id := s.tree.ID(n)
	t.append(p, journal.Set{Dev: id.Dev, Keeper: id.Ino}, id.Ino)
	return p
}

// one gives a name its own copy, unless the others have gone meanwhile.
func (s *Split) one(ctx context.Context, t *taker, n scan.Name, p *pastName) (int64, *refusal) {
	dir, err := s.tree.OpenDir(s.tree.Dir(n))
	if err != nil {
		return 0, goneOr(ReasonDirGone, err)
	}
	defer kernel.Close(dir)
	base := string(s.tree.Base(n))
	was, err := scan.StatAtNow(dir, base)
	if err == nil && was.ID == s.tree.ID(n) && was.Links == 1 {
		return 0, skip(ReasonOwnCopy)
	}
	sep := separation{keeper: keepers{s.tree.Ino(n)}}
	bytes, r := t.separateAlone(ctx, &sep, dir, p)
	if r != nil && r.kind == Skipped && r.reason == ReasonChanged {
		bytes, r = copiedUp(dir, base, was, r)
	}
	return bytes, s.unshare(ctx, dir, base, r)
}

// unshare gives a copy that was made at base blocks of its own, where the files get them.
func (s *Split) unshare(ctx context.Context, dir int, base string, r *refusal) *refusal {
	if r != nil || !s.apart {
		return r
	}
	return unshareCopy(ctx, dir, base)
}

// separateAlone is separate where no other name gets that copy.
func (t *taker) separateAlone(ctx context.Context, s *separation, dir int, p *pastName) (int64, *refusal) {
	defer s.close()
	return t.separate(ctx, s, dir, p)
}

// copiedUp takes a name back from a refusal where overlayfs has done what was asked for: before it
// exchanges a name of a lower file it copies that, and without its index for this name alone.
func copiedUp(dir int, base string, was scan.Stat, r *refusal) (int64, *refusal) {
	now, err := scan.StatAtNow(dir, base)
	if err != nil || now.ID == was.ID || now.Links != 1 {
		return 0, r
	}
	was.ID, was.Ctime = now.ID, now.Ctime
	if !unchanged(&now, &was) {
		return 0, r
	}
	return now.Allocated, nil
}

// EndOfCopies closes the journal of a split.
func EndOfCopies(t UndoTotals, complete bool) *journal.End {
	return endRecord(ApplyTotals{Linked: t.Restored, Skipped: t.Left, Failed: t.Failed}, complete)
}
