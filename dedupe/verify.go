package dedupe

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// Checked is one set of a run, looked at again.
type Checked struct {
	Paths   []string // those that still share the file
	Gone    bool     // there are none
	Away    bool     // their filesystem is not there, which tells nothing of them; Paths is one of them
	Broken  bool     // the paths are symbolic links that lead to no file any more
	Keeper  string   // where that was
	Changed bool     // the content is not what was linked
	// Alone: the files share blocks only. Paths then are those that have changed,
	// each for itself, or all of them if none has.
	Alone bool
	Err   error // it could not be read
	Names int64 // of the run that were looked at for it
}

// Verify looks at every set of the run again and tells what it finds: first all
// symbolic links that lead nowhere, then each set, whose content it reads. Sets
// of which no path is what the run made of it (removed, or replaced since) are Gone, unless
// they are Away.
func (u *Undo) Verify(ctx context.Context, told func(Checked)) error {
	tell := func(c Checked) {
		if ctx.Err() != nil && errors.Is(c.Err, ctx.Err()) {
			return // it was stopped in the middle of it, and knows nothing of it
		}
		slices.Sort(c.Paths) // the journal has them in the order of inode numbers
		told(c)
	}
	there := map[uint64]bool{}
	err := u.eachSet(ctx, func(group []*past) {
		u.meet(group, there)
		if paths := u.broken(group); len(paths) > 0 {
			tell(Checked{Paths: paths, Broken: true, Keeper: string(group[0].set.Path)})
		}
	})
	if err != nil {
		return err
	}
	return u.eachSet(ctx, func(group []*past) {
		check, set := u.check, group[0].set
		if isReflink(set) {
			check = u.checkShared
		}
		c := check(ctx, group)
		c.Gone, c.Names = len(c.Paths) == 0, int64(len(namesOf(group)))
		if c = orAway(c, group, there); !c.Gone || set.Link != decide.LinkSymlink.String() {
			tell(c)
		}
	})
}

// namesOf are the names of some old inodes.
func namesOf(group []*past) (names []*pastName) {
	for _, p := range group {
		names = append(names, p.names...)
	}
	return names
}

// meet notes for each device of the run whether it is there, as a directory of it shows that is
// what it was. A device that only directories tell of which are not to be had is not.
func (u *Undo) meet(group []*past, there map[uint64]bool) {
	for _, n := range namesOf(group) {
		if there[n.DirDev] {
			continue
		}
		dir, r := u.openDir(n)
		if r == nil {
			kernel.Close(dir)
			there[n.DirDev] = true
		} else if _, met := there[n.DirDev]; !met && r.reason == ReasonDirAway {
			there[n.DirDev] = false
		}
	}
}

// orAway says of a set that is Gone whether that is since its filesystem is Away.
func orAway(c Checked, group []*past, there map[uint64]bool) Checked {
	if !c.Gone {
		return c
	}
	for _, n := range namesOf(group) {
		if is, met := there[n.DirDev]; met && !is {
			c.Gone, c.Away, c.Paths = false, true, []string{string(n.Path)}
			return c
		}
	}
	return c
}

// eachSet hands over the old inodes of each keeper together.
func (u *Undo) eachSet(ctx context.Context, do func(group []*past)) error {
	var group []*past
	flush := func() {
		if len(group) > 0 && ctx.Err() == nil {
			do(group)
		}
		group = nil
	}
	err := u.pasts(func(p *past) bool {
		if len(group) > 0 && !sameKeeper(group[0].set, p.set) {
			flush()
		}
		group = append(group, p)
		return ctx.Err() == nil
	})
	flush()
	return cmp.Or(err, ctx.Err())
}

func sameKeeper(a, b *journal.Set) bool { return a.Keeper == b.Keeper && a.Dev == b.Dev }

// broken lists the names that say what the run made them say, and lead to no file.
func (u *Undo) broken(group []*past) (paths []string) {
	for _, n := range namesOf(group) {
		if n.Target != "" && u.leadsNowhere(n) {
			paths = append(paths, string(n.Path))
		}
	}
	return paths
}

func (u *Undo) leadsNowhere(n *pastName) bool {
	dir, r := u.openDir(n)
	if r != nil {
		return false
	}
	defer kernel.Close(dir)
	if !n.says(dir, baseOf(string(n.Path))) {
		return false
	}
	now, err := statThrough(dir, string(n.Target))
	return err != nil || !now.IsRegular()
}

// checker looks at one set.
type checker struct {
	undo  *Undo
	set   *journal.Set
	found Checked
	read  map[scan.ID]bool // whose content is known already
}

// check looks at every replaced path and at the keeper's own.
func (u *Undo) check(ctx context.Context, group []*past) Checked {
	c := checker{undo: u, set: group[0].set, read: map[scan.ID]bool{}}
	for _, n := range namesOf(group) {
		c.name(ctx, n)
	}
	if len(c.found.Paths) > 0 && u.keeperStands(c.set) {
		c.found.Paths = append(c.found.Paths, string(c.set.Path))
	}
	return c.found
}

// name looks at one path. One that cannot be looked at may have changed.
func (c *checker) name(ctx context.Context, n *pastName) {
	dir, r := c.undo.openDir(n)
	var now scan.Stat
	if r == nil {
		defer kernel.Close(dir)
		now, _, r = n.look(dir)
	}
	switch {
	case r == nil:
		c.look(ctx, dir, n, &now)
	case r.kind == Failed:
		c.found.Paths, c.found.Err = append(c.found.Paths, string(n.Path)), r.err
	}
}

// look reads what a name leads to, which is what the run made of it. If it has come to lead
// elsewhere since it was looked at, it is none of the set any more.
func (c *checker) look(ctx context.Context, dir int, n *pastName, now *scan.Stat) {
	if !now.IsRegular() {
		return
	}
	if c.read[now.ID] {
		c.found.Paths = append(c.found.Paths, string(n.Path))
		return
	}
	fd, err := n.open(dir, now.ID)
	if hasGone(err) {
		return
	}
	c.found.Paths = append(c.found.Paths, string(n.Path))
	c.read[now.ID] = true
	if err != nil {
		c.found.Err = err
		return
	}
	defer kernel.Close(fd)
	moved, err := openMoved(ctx, fd, c.set)
	c.found.Changed = c.found.Changed || moved
	if err != nil {
		c.found.Err = err
	}
}

// open opens for reading what the name leads to, ENOENT if that is another inode.
func (n *pastName) open(dir int, id scan.ID) (int, error) {
	if n.Target == "" {
		return openAs(dir, baseOf(string(n.Path)), id)
	}
	through, err := kernel.LookThrough(dir, string(n.Target))
	if err != nil {
		return -1, err
	}
	defer kernel.Close(through)
	if err := isInode(through, id); err != nil {
		return -1, err
	}
	return kernel.OpenAgain(through)
}

// openAs opens a name for reading, ENOENT if it leads to another inode.
func openAs(dir int, base string, id scan.ID) (int, error) {
	fd, err := kernel.Open(dir, base)
	if err != nil {
		return -1, err
	}
	if err := isInode(fd, id); err != nil {
		kernel.Close(fd)
		return -1, err
	}
	return fd, nil
}

func isInode(fd int, id scan.ID) error {
	now, err := scan.FStatNow(fd)
	if err == nil && now.ID != id {
		err = unix.ENOENT
	}
	return err
}

// checkShared reads every file of a reflinked set: each has its own content.
func (u *Undo) checkShared(ctx context.Context, group []*past) Checked {
	set := group[0].set
	c := Checked{Alone: true}
	var moved []string
	look := func(path journal.Path, inode uint64) {
		changed, ok, err := u.contentAt(ctx, path, inode, set)
		if !ok || ctx.Err() != nil {
			return
		}
		c.Paths = append(c.Paths, string(path))
		c.Err = cmp.Or(c.Err, err)
		if changed {
			moved = append(moved, string(path))
		}
	}
	for _, p := range group {
		for _, n := range p.names {
			look(n.Path, p.old.Inode)
		}
	}
	if len(c.Paths) == 0 {
		return c
	}
	look(set.Path, set.Keeper)
	if len(moved) > 0 {
		c.Changed, c.Paths = true, moved
	}
	return c
}

// contentAt reads the file at a path of the journal, if it is that inode still.
func (u *Undo) contentAt(ctx context.Context, path journal.Path, inode uint64, set *journal.Set) (moved, ok bool, err error) {
	dir, err := openRecorded(&u.roots, parentOf(string(path)))
	if err != nil {
		return unseen(err)
	}
	defer kernel.Close(dir)
	base := baseOf(string(path))
	now, err := scan.StatAtNow(dir, base)
	if err != nil {
		return unseen(err)
	}
	if now.Ino != inode || !now.IsRegular() {
		return false, false, nil
	}
	fd, err := openAs(dir, base, now.ID)
	if err != nil {
		return unseen(err)
	}
	defer kernel.Close(fd)
	moved, err = openMoved(ctx, fd, set)
	return moved, true, err
}

// unseen is contentAt where that is not there any more, or cannot be looked at.
func unseen(err error) (moved, ok bool, why error) {
	if hasGone(err) {
		return false, false, nil
	}
	return false, true, err
}

// hasGone reports whether err says that a name leads to no file any more.
func hasGone(err error) bool {
	r := goneOr(ReasonReplaced, err)
	return r.reason == ReasonReplaced || r.reason == ReasonChanged
}

// keeperStands reports whether the keeper still has the name that it had.
func (u *Undo) keeperStands(set *journal.Set) bool {
	path := string(set.Path)
	dir, err := openRecorded(&u.roots, parentOf(path))
	if err != nil {
		return false
	}
	defer kernel.Close(dir)
	now, err := scan.StatAtNow(dir, baseOf(path))
	return err == nil && now.Ino == set.Keeper
}

// contentMoved reads the file and compares it with what was linked.
func contentMoved(ctx context.Context, dir int, base string, set *journal.Set) (bool, error) {
	fd, err := kernel.Open(dir, base)
	if err != nil {
		return false, err
	}
	defer kernel.Close(fd)
	return openMoved(ctx, fd, set)
}

// openMoved does the same for an open file.
func openMoved(ctx context.Context, fd int, set *journal.Set) (bool, error) {
	want, err := hash.ParseDigest(set.Digest)
	if err != nil {
		return false, err
	}
	now, err := scan.FStatNow(fd)
	if err != nil || now.Size != set.Size {
		return err == nil, err
	}
	r := hasContent(ctx, fd, set.Size, want)
	if r == nil || r.reason == ReasonEdited {
		return r != nil, nil
	}
	return false, r.err
}
