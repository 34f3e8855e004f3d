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

// inherit looks at the runs that came later: they may have been undone, and their copies
// have the names now, or stand.
func (u *Undo) inherit() error {
	u.heirs, u.claims, u.last = heirs{}, claims{}, true
	for j := range u.journal.Later() {
		u.last = u.last && !j.Info.Live && !j.Info.Stands()
		if err := u.inheritOf(j); err != nil {
			return err
		}
	}
	return nil
}

func (u *Undo) inheritOf(j *journal.Journal) error {
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

// nameKey is what a name of a run is found by, whatever path leads to it.
type nameKey struct {
	directory uint64 // inode number
	base      string
}

func keyOfName(r *journal.Replace) nameKey { return nameKey{r.DirInode, baseOf(string(r.Path))} }

// claim is what a later run that stands has made of a name: a link to the keeper, or a
// symbolic link that says what the replacement does.
type claim struct {
	path   journal.Path
	device uint64 // of its directory
	keeper uint64
	target journal.Path
}

// isOf tells a name from one of a snapshot or of another filesystem, where its directory may
// have the same number. A device may have another one by now, a path another spelling.
func (c *claim) isOf(r *journal.Replace) bool { return c.path == r.Path || c.device == r.DirDev }

// claims are those of every name. A path that was replaced by hand, or split, after a run
// may lead to the kept file again by a later one, for which it is another file with other
// owners and times: that run alone can give it back as it was.
type claims map[nameKey][]claim

// add takes in what a run has made and not taken back.
func (c claims) add(j *journal.Journal) error {
	var set *journal.Set
	type link struct {
		*journal.Replace
		keeper uint64
	}
	made := map[int64]link{} // by replacement
	for r, err := range j.Records() {
		switch {
		case err != nil:
			return err
		case r.Lost:
			set = nil // whose names come next is not known
		case r.Set != nil:
			set = r.Set
		case r.Replace != nil && set != nil:
			made[r.Replace.Seq] = link{r.Replace, set.Keeper}
		case r.Done != nil && r.Done.Refused():
			delete(made, r.Done.Seq)
		case r.Undone != nil && r.Undone.Reason == "":
			delete(made, r.Undone.Seq)
		}
	}
	for _, l := range made {
		c.note(l.Replace, l.keeper)
	}
	return nil
}

// note takes in one name. Hundreds of runs may have linked it, and need to keep its path but once.
func (c claims) note(r *journal.Replace, keeper uint64) {
	key, one := keyOfName(r), claim{r.Path, r.DirDev, keeper, r.Target}
	if known := c[key]; len(known) > 0 && known[0].path == r.Path {
		one.path = known[0].path
	}
	c[key] = append(c[key], one)
}

// concede leaves a name to the later runs that have linked it again.
func (u *Undo) concede(n *pastName) {
	for _, c := range u.claims[keyOfName(&n.Replace)] {
		switch {
		case !c.isOf(&n.Replace):
		case c.target == "":
			n.others = append(n.others, u.heirs.of(c.keeper)...)
		case c.target == n.Target:
			n.Target = "" // it is no link that says so, as far as this run goes
		}
	}
}

// own are the inodes that the run, and no later one, made the name lead to.
func (n *pastName) own() keepers {
	return slices.DeleteFunc(slices.Clone(n.keeper), n.others.have)
}
