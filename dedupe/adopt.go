package dedupe

import (
	"bytes"
	"context"
	"maps"
	"slices"

	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// adopt looks whether a name of the old inode has its own file already: it was
// never replaced, or an undo that was stopped has taken it back. Then the other
// names join it, so that in the end they share one inode as they did before.
func (t *taker) adopt(ctx context.Context, s *separation, p *past) {
	alone := len(p.names)+len(p.kin) == 1
	if alone && p.names[0].tried == nil {
		return
	}
	s.look = s.old
	shared := s.survey(t.undo, p.names)
	for _, n := range slices.Concat(p.kin, p.names) {
		dir, r := t.undo.openDir(n)
		if r != nil {
			continue
		}
		if h := s.twin(ctx, dir, n, p.set.Size, shared); h != nil {
			s.hold(&copied{handle: *h}, dir, scan.Remote, scan.Hosted)
			return
		}
		kernel.Close(dir)
	}
}

// survey finds the keepers that names lead to now, and whether one of these was changed since the run. That a
// number is a keeper's does not tell: the keeper may have gone, in a later run that was undone as well, and a copy
// have its number.
func (s *separation) survey(u *Undo, names []*pastName) (shared keepers) {
	for _, n := range names {
		if n.Target != "" {
			continue
		}
		for _, keeper := range s.keepersAt(u, n) {
			if !shared.have(keeper) {
				shared = append(shared, keeper)
			}
		}
	}
	return shared
}

// keepersAt is the keeper that a name leads to, if it does, or all that it may lead to. What cannot be looked at
// is told when it is the name's turn.
func (s *separation) keepersAt(u *Undo, n *pastName) keepers {
	dir, r := u.openDir(n)
	if r != nil {
		return n.keeper
	}
	defer kernel.Close(dir)
	now, err := scan.StatAtNow(dir, baseOf(string(n.Path)))
	if err != nil {
		return n.keeper
	}
	s.foresee(dir, n, now)
	return slices.DeleteFunc(slices.Clone(n.keeper), func(keeper uint64) bool { return keeper != now.Ino })
}

// twin opens a name that leads to what the old inode was: not to what is shared now, nor to a keeper of
// a later run, and equal in content and in all that the journal has of it. Nil if it does not.
func (s *separation) twin(ctx context.Context, dir int, n *pastName, size int64, shared keepers) *handle {
	path := string(n.Path)
	now, err := scan.StatAtNow(dir, baseOf(path))
	if err != nil || shared.have(now.Ino) || n.others.have(now.Ino) || !now.IsRegular() || now.Size != size || !s.looksAlike(&now) {
		return nil
	}
	h, r := openVerified(dir, baseOf(path), path, now)
	if r != nil {
		return nil
	}
	if !s.equals(ctx, h) {
		h.close()
		return nil
	}
	return h
}

// looksAlike compares owner, group, mode and mtime with the old inode's.
func (s *separation) looksAlike(now *scan.Stat) bool {
	return sameFacts(s.look, &journal.Old{UID: now.UID, GID: now.GID, Mode: now.Mode, Mtime: now.Mtime})
}

func sameFacts(a, b *journal.Old) bool {
	return a.UID == b.UID && a.GID == b.GID && a.Mtime == b.Mtime && a.Mode&scan.Permissions == b.Mode&scan.Permissions
}

// sameLook compares all of two looks but the atime.
func sameLook(a, b *journal.Old) bool { return sameFacts(a, b) && sameXattrs(a.Xattrs, b.Xattrs) }

// equals reads attributes and content, and has them on disk.
func (s *separation) equals(ctx context.Context, h *handle) bool {
	xattrs, err := hash.Xattrs(h.fd)
	if err != nil || !sameXattrs(xattrs, s.look.Xattrs) {
		return false
	}
	return hasContent(ctx, h.fd, h.stat.Size, *s.want) == nil && h.recheck() == nil && kernel.Sync(h.fd) == nil
}

// sameXattrs compares all attributes; who has looked may not have been root.
func sameXattrs(a, b journal.Xattrs) bool { return maps.EqualFunc(once(a), once(b), bytes.Equal) }

// once is all of them, an ACL not twice.
func once(all journal.Xattrs) journal.Xattrs {
	out := maps.Clone(all)
	maps.DeleteFunc(out, func(name string, _ []byte) bool { return isACLAgain(name) })
	return out
}
