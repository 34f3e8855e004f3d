package decide

import (
	"cmp"
	"slices"
)

// order lists a class best keeper first.
func (d *decider) order(inodes []InodePlan, class []int) []int {
	order := slices.Clone(class)
	if d.policy.Link == LinkReflink {
		places := placesOf(inodes, class)
		slices.SortFunc(order, func(a, b int) int { return d.preferShared(&inodes[a], &inodes[b], places) })
	} else {
		slices.SortFunc(order, func(a, b int) int { return d.prefer(&inodes[a], &inodes[b]) })
	}
	return order
}

// prefer orders inodes best keeper first: one that can be linked to, that a saved scan has
// chosen, a protected one, then the policy's choice, then the oldest, then path order.
func (d *decider) prefer(a, b *InodePlan) int {
	if c := cmp.Or(
		first(b.Unlinkable, a.Unlinkable), first(d.chosen(a), d.chosen(b)), first(a.protected, b.protected), d.earlier(a, b), first(d.chained(a), d.chained(b)),
		d.choice(a, b), cmp.Compare(a.Mtime, b.Mtime)); c != 0 {
		return c
	}
	return d.byPath(a, b)
}

// chosen reports whether a saved scan lets an inode stay. It may let names of others
// stay, too, which are no less protected.
func (d *decider) chosen(ip *InodePlan) bool {
	return d.policy.Chosen != nil && d.policy.Chosen[d.tree.ID(ip.Name)]
}

// earlier orders by PATH where only what lies across from the keeper goes to it.
func (d *decider) earlier(a, b *InodePlan) int {
	if !d.policy.AcrossOnly {
		return 0
	}
	return cmp.Compare(a.earliest(), b.earliest())
}

// first orders what is so before what is not.
func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

func (d *decider) choice(a, b *InodePlan) int {
	switch d.policy.Keep {
	case KeepMostLinks:
		return cmp.Compare(b.Links, a.Links)
	case KeepNewest:
		return cmp.Compare(b.Mtime, a.Mtime)
	case KeepFirst:
		if c := cmp.Compare(a.firstRoot, b.firstRoot); c != 0 {
			return c
		}
		return d.byPath(a, b)
	}
	return 0 // KeepOldest: what prefer does next
}

func (d *decider) byPath(a, b *InodePlan) int { return d.tree.ComparePaths(a.Names[0], b.Names[0]) }
