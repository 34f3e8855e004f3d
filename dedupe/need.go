package dedupe

import (
	"github.com/oneinode/oneinode/scan"
)

// Need is what an undo will take of one filesystem.
type Need struct {
	Dev        uint64
	Bytes      int64 // at most: less where the filesystem can share extents
	Free       int64 // bytes free for us now
	Names      int64
	CanReflink bool
}

// Fits reports whether the copies have room.
func (n Need) Fits() bool { return n.CanReflink || n.Bytes <= n.Free }

// Needs looks at every path that would be taken back and sums what the copies
// will take, by filesystem.
func (u *Undo) Needs() ([]Need, error) {
	byDev := map[uint64]*Need{}
	var order []*Need
	err := u.pasts(func(p *past) bool {
		counted := false
		for _, n := range p.names {
			dir, r := u.openDir(n)
			if r != nil {
				continue
			}
			if st, err := scan.StatAt(dir, baseOf(string(n.Path))); err == nil && st.Ino == n.keeper {
				need := byDev[st.Dev]
				if need == nil {
					need = newNeed(dir, st.Dev)
					byDev[st.Dev] = need
					order = append(order, need)
				}
				need.Names++
				if !counted {
					need.Bytes += st.Allocated
				}
				counted = true
			}
			closeFD(dir)
		}
		return true
	})
	out := make([]Need, len(order))
	for i, n := range order {
		out[i] = *n
	}
	return out, err
}

func newNeed(dir int, dev uint64) *Need {
	n := &Need{Dev: dev, CanReflink: canReflink(dir)}
	free, err := freeBytes(dir)
	if err != nil {
		free = 1<<63 - 1
	}
	n.Free = free
	return n
}

// canReflink tries to share the extents of one unnamed file with another.
func canReflink(dir int) bool {
	a, named, err := createUnnamed(dir, temporaryName("00000000"))
	if err != nil || named {
		return false
	}
	defer closeFD(a)
	b, named, err := createUnnamed(dir, temporaryName("00000000"))
	if err != nil || named {
		return false
	}
	defer closeFD(b)
	return writeAll(a, make([]byte, 4096), 0) == nil && clone(b, a) == nil
}
