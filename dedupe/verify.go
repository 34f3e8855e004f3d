package dedupe

import (
	"context"

	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// Checked is one set of a run, looked at again.
type Checked struct {
	Size    int64    // when it was linked, bytes
	Paths   []string // those that still share the inode
	Changed bool     // the content is not what was linked
	Err     error    // it could not be read
}

// Verify reads the content of every set of the run again and tells each. Sets
// that nothing is left of (undone, or every path replaced since) are left out.
func (u *Undo) Verify(ctx context.Context, tell func(Checked)) error {
	var group []*past
	check := func() {
		if len(group) > 0 && ctx.Err() == nil {
			if c, ok := u.checkSet(ctx, group); ok {
				tell(c)
			}
		}
		group = nil
	}
	err := u.pasts(func(p *past) bool {
		if len(group) > 0 && group[0].set.Keeper != p.set.Keeper {
			check()
		}
		group = append(group, p)
		return ctx.Err() == nil
	})
	check()
	if err == nil {
		err = ctx.Err()
	}
	return err
}

// checkSet looks at the keeper's own path and at every replaced one.
func (u *Undo) checkSet(ctx context.Context, group []*past) (Checked, bool) {
	set := group[0].set
	c := Checked{Size: set.Size}
	read := false
	look := func(n *pastName) {
		dir, r := u.openDir(n)
		if r != nil {
			return
		}
		defer closeFD(dir)
		base := baseOf(string(n.Path))
		now, err := scan.StatAt(dir, base)
		if err != nil || now.Ino != n.keeper || !now.IsRegular() {
			return
		}
		c.Paths = append(c.Paths, string(n.Path))
		if !read {
			c.Changed, c.Err = contentMoved(ctx, dir, base, set)
			read = true
		}
	}
	for _, p := range group {
		for _, n := range p.names {
			look(n)
		}
	}
	if len(c.Paths) > 0 && u.keeperStands(set) {
		c.Paths = append(c.Paths, string(set.Path))
	}
	return c, len(c.Paths) > 0
}

// keeperStands reports whether the keeper still has the name that it had.
func (u *Undo) keeperStands(set *journal.Set) bool {
	path := string(set.Path)
	dir, err := openRecorded(u.roots, parentOf(path))
	if err != nil {
		return false
	}
	defer closeFD(dir)
	now, err := scan.StatAt(dir, baseOf(path))
	return err == nil && now.Ino == set.Keeper
}

// contentMoved reads the file and compares it with what was linked.
func contentMoved(ctx context.Context, dir int, base string, set *journal.Set) (bool, error) {
	want, err := hash.ParseDigest(set.Digest)
	if err != nil {
		return false, err
	}
	fd, err := openAt(dir, base)
	if err != nil {
		return false, err
	}
	defer closeFD(fd)
	now, err := scan.FStat(fd)
	if err != nil || now.Size != set.Size {
		return err == nil, err
	}
	got, err := hash.Sum(ctx, fd, now.Size)
	return err == nil && got != want, err
}
