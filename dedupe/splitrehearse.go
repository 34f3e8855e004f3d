package dedupe

import (
	"context"

	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/hash/extents"
	"github.com/oneinode/oneinode/scan"
)

// Rehearse tells what Run would do, as that of an Undo, and changes nothing.
func (s *Split) Rehearse(ctx context.Context, tell func(UndoOutcome)) (UndoTotals, error) {
	h := rehearsal{opts: UndoOptions{OnPath: tell}}
	for _, n := range s.names {
		h.each(ctx, s.tree.Path(n), func(path string) *refusal { return s.rehearse(ctx, &h, n, path) })
	}
	for _, l := range s.links {
		h.each(ctx, l.path, func(string) *refusal { return l.rehearse(ctx, &h) })
	}
	for _, n := range s.blocks {
		h.each(ctx, s.tree.Path(n), func(string) *refusal { return s.rehearseBlocks(n) })
	}
	return h.totals, ctx.Err()
}

// each tells what would become of one path, unless ctx has ended.
func (h *rehearsal) each(ctx context.Context, path string, try func(path string) *refusal) {
	if ctx.Err() != nil {
		return
	}
	path = absolute(path)
	if r := try(path); ctx.Err() == nil {
		h.report(&pastName{Replace: journal.Replace{Path: journal.Path(path)}}, r)
	}
}

// rehearse goes as far with a name as one does.
func (s *Split) rehearse(ctx context.Context, h *rehearsal, n scan.Name, path string) *refusal {
	dir, err := s.tree.OpenDir(s.tree.Dir(n))
	if err != nil {
		return goneOr(ReasonDirGone, err)
	}
	defer kernel.Close(dir)
	_, r := h.separate(ctx, dir, &separation{keeper: keepers{s.tree.Ino(n)}}, path)
	return r
}

// rehearse goes as far with a link as separate does.
func (l *splitLink) rehearse(ctx context.Context, h *rehearsal) *refusal {
	dir, _, err := l.openParent()
	if err != nil {
		return goneOr(ReasonDirGone, err)
	}
	defer kernel.Close(dir)
	sep := l.separation()
	switch {
	case l.target == "":
		return skip(ReasonChanged)
	case sep.want == nil && !l.given:
		return skip(ReasonDirGone)
	}
	_, r := h.separate(ctx, dir, &sep, l.path)
	if r.isEdited() && l.given {
		_, r = h.separate(ctx, dir, &separation{target: l.target}, l.path)
	}
	return r
}

func (s *Split) rehearseBlocks(n scan.Name) *refusal {
	dir, err := s.tree.OpenDir(s.tree.Dir(n))
	if err != nil {
		return goneOr(ReasonDirGone, err)
	}
	defer kernel.Close(dir)
	base := string(s.tree.Base(n))
	now, list, r := lookAtShared(dir, base, s.tree.Ino(n))
	switch {
	case r != nil:
		return r
	case extents.SharedBytes(list) == 0:
		return skip(ReasonOwnBlocks)
	}
	return mayRewrite(dir, base, &now)
}
