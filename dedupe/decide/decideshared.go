package decide

import (
	"cmp"
	"slices"

	"github.com/oneinode/oneinode/scan"
)

// Reasons why the plan holds an inode that could be reflinked, or why that frees
// nothing.
const (
	HoldShared     = "shares its blocks already"
	HoldInline     = "so small that it lies among the metadata: nothing to share"
	HoldEmpty      = "has no blocks that could be shared"
	HoldSharedElse = "its blocks are also used by others (snapshots, reflinks)"
)

// assignShared sends the inodes of a class to the blocks of one of them. There
// is no limit to how many share, every name of an inode comes along, and names
// outside the paths do not matter: the inodes stay.
func (d *decider) assignShared(inodes []InodePlan, class []int) {
	order := d.order(inodes, class)
	keeper := order[0]
	for _, i := range order[1:] {
		ip := &inodes[i]
		if reason := d.holdShared(&inodes[keeper], ip); reason != "" {
			ip.Action, ip.Reason = ActHold, reason
			continue
		}
		ip.Action, ip.To, ip.Frees = ActLink, keeper, ip.Layout.Own
		at := slices.IndexFunc(ip.Names, func(n scan.Name) bool { return !d.mustStay(&inodes[keeper], n) })
		ip.Replace = ip.Names[at : at+1]
		if ip.Frees == 0 && ip.Layout.Shared > 0 {
			ip.Reason = HoldSharedElse
		}
	}
}

// placesOf counts how many inodes of a class lie in each place.
func placesOf(inodes []InodePlan, class []int) map[uint32]int {
	places := map[uint32]int{}
	for _, i := range class {
		places[inodes[i].Layout.Place]++
	}
	places[0] = 0 // no place
	return places
}

// holdShared says why an inode stays with the blocks that it has, "" if it does not.
func (d *decider) holdShared(keeper, ip *InodePlan) string {
	switch {
	case ip.Layout.Place != 0 && ip.Layout.Place == keeper.Layout.Place:
		return HoldShared
	case ip.Layout.Inline || keeper.Layout.Inline:
		return HoldInline
	case ip.Layout.empty():
		return HoldEmpty
	case ip.protected:
		return HoldReference
	case d.staying(keeper, ip) == len(ip.Names):
		return HoldAcross
	}
	return ip.Bound
}

// settled reports whether a set is no part of the plan: all its files share their
// blocks already, as names of one inode do, or they lie inside one PATH where only
// duplicates across PATHs were asked for, or under references.
func (sp *SetPlan) settled() bool {
	if sp.inside {
		return !slices.ContainsFunc(sp.Inodes, func(ip InodePlan) bool { return ip.Action == ActLink })
	}
	return sp.Link == LinkReflink && sp.shares()
}

// shares reports whether all files of a set share their blocks already, but for those
// that lie inside the keeper's PATH.
func (sp *SetPlan) shares() bool {
	keepers, across := 0, false
	for i := range sp.Inodes {
		switch ip := &sp.Inodes[i]; {
		case ip.Action == ActKeep:
			keepers++
		case ip.Reason == HoldAcross:
			across = true
		case ip.Reason != HoldShared:
			return false
		}
	}
	return !across || keepers == 1
}

// preferShared orders inodes best keeper first. Which blocks stay is nothing
// that a user would see, so what saves work comes before the policy's choice:
// the blocks that most of the set share already. A hole is better than blocks of
// zeros, and what lies among the metadata cannot be shared.
func (d *decider) preferShared(a, b *InodePlan, places map[uint32]int) int {
	return cmp.Or(
		first(d.stays(a), d.stays(b)),
		first(d.chosen(a), d.chosen(b)),
		d.earlier(a, b),
		cmp.Compare(rankOf(a.Layout), rankOf(b.Layout)),
		cmp.Compare(places[b.Layout.Place], places[a.Layout.Place]),
		d.prefer(a, b),
	)
}

// stays reports whether the blocks of an inode should rather not change. The
// kernel lets files of a read-only snapshot come to share, which frees what two
// of them hold twice, but no undo can take that back.
func (d *decider) stays(ip *InodePlan) bool { return ip.Layout.Fixed || ip.protected }

func rankOf(l Layout) int {
	switch {
	case l.empty():
		return 0
	case l.Inline:
		return 2
	}
	return 1
}
