package dedupe

import (
	"slices"

	"github.com/oneinode/oneinode/dedupe/journal"
)

// claim is what a later run that stands has made of a name: a link to the keeper, or a
// symbolic link that says target.
type claim struct {
	keeper uint64
	target journal.Path
}

// claims are those of every name. A path that was replaced by hand, or split, after a run
// may lead to the kept file again by a later one, for which it is another file with other
// owners and times: that run alone can give it back as it was.
type claims map[string][]claim

// add takes in what a run has made and not taken back.
func (c claims) add(j *journal.Journal) error {
	var set *journal.Set
	paths, made := map[int64]string{}, map[int64]claim{} // by replacement
	for r, err := range j.Records() {
		switch {
		case err != nil:
			return err
		case r.Lost:
			set = nil // whose names come next is not known
		case r.Set != nil:
			set = r.Set
		case r.Replace != nil && set != nil:
			paths[r.Replace.Seq] = string(r.Replace.Path)
			made[r.Replace.Seq] = claim{set.Keeper, r.Replace.Target}
		case r.Done != nil && r.Done.Refused():
			delete(made, r.Done.Seq)
		case r.Undone != nil && r.Undone.Reason == "":
			delete(made, r.Undone.Seq)
		}
	}
	for seq, one := range made {
		c[paths[seq]] = append(c[paths[seq]], one)
	}
	return nil
}

// concede leaves a name to the later runs that have linked it again.
func (u *Undo) concede(n *pastName) {
	for _, c := range u.claims[string(n.Path)] {
		if c.target == "" {
			n.others = append(n.others, u.heirs.of(c.keeper)...)
		} else if c.target == n.Target {
			n.Target = "" // it is no link that says so, as far as this run goes
		}
	}
}

// own are the inodes that the run, and no later one, made the name lead to.
func (n *pastName) own() keepers {
	return slices.DeleteFunc(slices.Clone(n.keeper), n.others.have)
}
