package dedupe

import (
	"slices"

	"github.com/oneinode/oneinode/dedupe/journal"
)

// keepers are the numbers of the inodes of which a replaced name must lead to one: the
// keeper of its run, and copies that took the keeper's place.
type keepers []uint64

func (k keepers) have(inode uint64) bool { return slices.Contains(k, inode) }

// heirs are the copies that undone runs have given to the names of an inode, by its
// number. A later run may replace the keeper of an earlier one: once it is undone the
// names lead to a copy, and the earlier run can be undone only if that is known.
type heirs map[uint64]keepers

// of returns an inode and all that took its place.
func (h heirs) of(inode uint64) keepers {
	all := keepers{inode}
	for i := 0; i < len(all); i++ {
		for _, next := range h[all[i]] {
			if !all.have(next) {
				all = append(all, next)
			}
		}
	}
	return all
}

// Inherit looks at the runs that came later: they may have been undone, or stand.
func (u *Undo) Inherit() error {
	u.heirs, u.claims, u.last = heirs{}, claims{}, true
	for j := range u.journal.Later() {
		u.last = u.last && !j.Info.Live && !j.Info.Stands()
		if err := u.inherit(j); err != nil {
			return err
		}
	}
	return nil
}

func (u *Undo) inherit(j *journal.Journal) error {
	if j.Info.Undone > 0 {
		if err := u.heirs.add(j); err != nil {
			return err
		}
	}
	if !j.Info.Stands() {
		return nil
	}
	return u.claims.add(j)
}

// add takes in the copies that the undo of one run has made.
func (h heirs) add(j *journal.Journal) error {
	var old uint64
	of := map[int64]uint64{} // by replacement
	for r, err := range j.Records() {
		switch {
		case err != nil:
			return err
		case r.Lost:
			old = 0 // whose names come next is not known
		case r.Old != nil:
			old = r.Old.Inode
		case r.Replace != nil && !r.Replace.Again && old != 0:
			of[r.Replace.Seq] = old
		case r.Undone != nil && r.Undone.Inode != 0:
			was := of[r.Undone.Seq]
			if fresh := r.Undone.Inode; was != 0 && !h[was].have(fresh) {
				h[was] = append(h[was], fresh)
			}
		}
	}
	return nil
}
