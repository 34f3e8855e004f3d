package dedupe

import (
	"os"

	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/hash/extents"
	"github.com/oneinode/oneinode/scan"
)

// Need is what an undo will take of one filesystem.
type Need struct {
	Dev        uint64
	Dir        string // a directory there, "" if unknown
	Bytes      int64  // at most: less where the filesystem can share extents
	Free       int64  // bytes free for us now
	Unknown    bool   // the filesystem does not tell what is free
	Names      int64
	CanReflink bool

	page int64 // a copy takes whole pages of so many bytes, and no more; 0: not known; see takes
}

// Fits reports whether the copies have room.
func (n Need) Fits() bool { return n.Unknown || n.CanReflink || n.Bytes <= n.Free }

// takes is how many of the bytes that st has been given a copy of it needs. A tmpfs with huge
// pages gives one of 2 MiB to each file as long as there are any, and small ones after that.
func (n *Need) takes(st *scan.Stat, bytes int64) int64 {
	if n.page == 0 {
		return bytes
	}
	return min(bytes, (st.Size+n.page-1)/n.page*n.page)
}

// needs sums what copies will take, by filesystem.
type needs struct {
	byDev map[uint64]*Need
	order []*Need
}

// at returns the need of a directory's filesystem.
func (l *needs) at(dir int, dev uint64) *Need {
	need := l.byDev[dev]
	if need == nil {
		need = newNeed(dir, dev)
		if l.byDev == nil {
			l.byDev = map[uint64]*Need{}
		}
		l.byDev[dev] = need
		l.order = append(l.order, need)
	}
	return need
}

// add counts a name in dir that is to get a copy of st. Where the name already
// has one, that it shares, bytes is 0.
func (l *needs) add(dir int, dev uint64, st *scan.Stat, bytes int64) {
	need := l.at(dir, dev)
	need.Names++
	need.Bytes += need.takes(st, bytes)
	need.CanReflink = need.CanReflink && st.Dev == dev
}

func (l *needs) list() []Need {
	out := make([]Need, len(l.order))
	for i, n := range l.order {
		out[i] = *n
	}
	return out
}

// Needs looks at every path that would be taken back and sums what the copies
// will take, by filesystem. Names that still are what the run made of them tell which number
// their device has today: a Run after it knows by that what is gone.
func (u *Undo) Needs() ([]Need, error) {
	var sum needs
	err := u.pasts(func(p *past) bool {
		for _, n := range p.names {
			u.need(&sum, p, n)
		}
		return true
	})
	return sum.list(), err
}

// need counts one name, if it would be taken back.
func (u *Undo) need(sum *needs, p *past, n *pastName) {
	dir, r := u.openDir(n)
	if r != nil {
		return
	}
	defer kernel.Close(dir)
	if isReflink(p.set) {
		u.needBlocks(sum, p, n, dir)
		return
	}
	st, dev, r := n.look(dir)
	if r != nil {
		return
	}
	u.devices[n.DirDev] = dev
	bytes := st.Allocated
	if p.counted {
		bytes = 0
	}
	p.counted = true
	sum.add(dir, dev, &st, bytes)
}

// look describes the file that the name leads to, if it still is what the run
// made of it, and tells on which device the name lies.
func (n *pastName) look(dir int) (st scan.Stat, dev uint64, r *refusal) {
	base := baseOf(string(n.Path))
	st, err := scan.StatAtNow(dir, base)
	if err != nil {
		return st, 0, goneOr(ReasonNameGone, err)
	}
	dev = st.Dev
	switch {
	case n.Target == "" && n.own().have(st.Ino) && st.IsRegular():
		return st, dev, nil
	case n.Target == "" || !n.says(dir, base):
		return st, dev, skip(ReasonOwnCopy)
	}
	if st, err = statThrough(dir, string(n.Target)); err != nil || !st.IsRegular() {
		st = scan.Stat{ID: scan.ID{Dev: dev}} // the undo will tell
	}
	return st, dev, nil
}

// says reports whether the name is the symbolic link that the run made.
func (n *pastName) says(dir int, base string) bool {
	text, err := kernel.ReadSymlink(dir, base)
	return err == nil && text == string(n.Target)
}

// needBlocks counts an inode that is to have all its blocks for itself.
func (u *Undo) needBlocks(sum *needs, p *past, n *pastName, dir int) {
	_, list, r := lookAtShared(dir, baseOf(string(n.Path)), p.old.Inode)
	st, err := scan.FStatNow(dir)
	if r != nil || err != nil {
		return // the undo will tell what is wrong
	}
	u.devices[n.DirDev] = st.Dev
	bytes := extents.SharedBytes(list)
	if bytes == 0 {
		return
	}
	need := sum.at(dir, st.Dev)
	need.CanReflink = false // sharing is what is taken back
	need.Names++
	need.Bytes += bytes
}

func newNeed(dir int, dev uint64) *Need {
	n := &Need{Dev: dev, CanReflink: canReflink(dir)}
	n.Dir, _ = kernel.RealPath(dir)
	if kernel.IsTmpfs(dir) {
		n.page = int64(os.Getpagesize())
	}
	free, err := kernel.FreeBytes(dir)
	n.Free, n.Unknown = free, err != nil
	return n
}

// canReflink tries to share the extents of one unnamed file with another: nothing
// of it shows in the directory.
func canReflink(dir int) bool {
	a, err := kernel.OpenUnnamed(dir)
	if err != nil {
		return false
	}
	defer kernel.Close(a)
	b, err := kernel.OpenUnnamed(dir)
	if err != nil {
		return false
	}
	defer kernel.Close(b)
	return kernel.WriteAll(a, make([]byte, 4096), 0) == nil && kernel.Clone(b, a) == nil
}
