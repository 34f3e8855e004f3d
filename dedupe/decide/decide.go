package decide

import (
	"maps"
	"math"
	"slices"

	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// Reasons why the plan holds an inode, or lets it be a further keeper, or why linking
// it frees nothing (HoldOutside). What keeps a name keeps all: nothing would become free.
const (
	HoldReference = "under --reference"
	HoldAcross    = "copies only inside one PATH (--across-only)"
	HoldProtected = "a name under --reference remains"
	HoldPartly    = "a name inside one PATH remains (--across-only)"
	HoldOutside   = "has names outside the given paths"
	HoldLinkLimit = "link limit: no other has room for its names (--max-links, or the filesystem's)"
)

// room is where decisions are made, each in the place of the one before: of the memory that a scan
// of many small files asked for, more than two fifths were plans that were looked at once.
type room struct {
	inodes []InodePlan
	names  []scan.Name
	keys   []classKey
}

// clear makes room for a set with so many inodes; what it holds is still that of the set before.
func (r *room) clear(inodes int) {
	r.inodes = slices.Grow(r.inodes[:0], inodes)[:inodes]
	r.keys = slices.Grow(r.keys[:0], inodes)[:inodes]
	r.names = slices.Grow(r.names[:0], inodes)
}

// set decides one set under the plan's policy.
func (p *Plan) set(i int, r *room) SetPlan {
	return decide(p.result, &p.result.Sets[i], p.policy, p.layout, r)
}

// decide is the whole decision about one set, a pure function of its arguments but for the room that it is made in.
func decide(res *hash.Result, set *hash.Set, policy Policy, layouts *Layouts, r *room) SetPlan {
	if layouts == nil {
		layouts = &Layouts{}
	}
	fs := &res.Tree.Filesystems()[set.Domain]
	d := newDecider(res.Tree, policy, fs)
	policy = d.policy
	r.clear(len(set.Members))
	sp := SetPlan{Set: set, Link: policy.Link, Inodes: r.inodes}
	for i, m := range set.Members {
		from := len(r.names)
		r.names = res.Tree.Links(r.names, m.Name)
		sp.Inodes[i] = newInodePlan(m, res.Facts(m), r.names[from:len(r.names):len(r.names)])
		d.describe(&sp.Inodes[i], res, layouts)
		r.keys[i] = keyOf(policy, res.Attrs(m), &sp.Inodes[i], i, res.Tree)
	}
	groups := classes(r.keys)
	for _, class := range groups {
		d.assign(sp.Inodes, class)
	}
	if sp.parted = len(groups) > 1; sp.parted {
		sp.explainClasses(groups, d.biggest(sp.Inodes, groups), r.keys)
	}
	for i := range sp.Inodes {
		sp.Reclaimable += sp.Inodes[i].Frees
	}
	sp.inside = policy.AcrossOnly && d.insideOne(sp.Inodes) || d.insideReferences(sp.Inodes)
	return sp
}

// Links reports whether the policy would link any two inodes of a set in a way
// for which their content must have been read before. For a reflink the kernel
// reads and compares it itself.
func (p Policy) Links(res *hash.Result, set *hash.Set) bool {
	sp := decide(res, set, p, nil, new(room))
	return sp.Link != LinkReflink && slices.ContainsFunc(sp.Inodes, func(ip InodePlan) bool { return ip.Action == ActLink })
}

// describe notes what an inode is, before anything is decided.
func (d *decider) describe(ip *InodePlan, res *hash.Result, layouts *Layouts) {
	if d.policy.Link == LinkReflink {
		ip.Layout = layouts.of(ip.Name, ip.Allocated)
	} else {
		ip.Layout = Layout{Shared: res.Shared(ip.Member), Project: layouts.Projects[res.Tree.Dir(ip.Name)]}
	}
	d.locate(ip)
	d.bind(ip, res.Attrs(ip.Member), layouts)
}

func newInodePlan(m hash.Member, f scan.Facts, names []scan.Name) InodePlan {
	f.Links = max(f.Links, uint32(len(names))) // an SMB client may tell too few
	return InodePlan{Member: m, Facts: f, Names: names, Outside: Outside(f.Links, len(names))}
}

// Outside is how many names an inode has beyond those met; never below zero,
// though names may have vanished since the walk.
func Outside(links uint32, met int) uint32 {
	return uint32(max(0, int64(links)-int64(met)))
}

// biggest returns the class with most inodes; of several the one with the best keeper, so that
// it depends on nothing that a user does not see.
func (d *decider) biggest(inodes []InodePlan, groups [][]int) (biggest []int) {
	var keeper int
	for _, class := range groups {
		if len(class) < len(biggest) {
			continue
		}
		best := d.order(inodes, class)[0]
		if len(class) > len(biggest) || d.prefer(&inodes[best], &inodes[keeper]) < 0 {
			biggest, keeper = class, best
		}
	}
	return biggest
}

// explainClasses tells the inodes that are alone in their class what sets them
// apart from the biggest class, and notes where that is more than one rule, and where it is a
// limit of the filesystem.
func (sp *SetPlan) explainClasses(groups [][]int, biggest []int, keys []classKey) {
	for _, class := range groups {
		i := class[0]
		if i == biggest[0] {
			continue
		}
		if len(class) == 1 {
			sp.Inodes[i].Action = ActHold
			sp.Inodes[i].Reason = differences(&keys[i], &keys[biggest[0]])
		}
		if sp.Inodes[i].Bound == "" && len(limits(&keys[i], &keys[biggest[0]])) > 0 {
			sp.limited = append(sp.limited, differences(&keys[i], &keys[biggest[0]]))
		}
		if m := differing(&keys[i], &keys[biggest[0]]); m.count() > 1 && !slices.Contains(sp.apart, m) {
			sp.apart = append(sp.apart, m)
		}
	}
}

// decider assigns the inodes of one class to keepers.
type decider struct {
	tree   *scan.Tree
	policy Policy
	limit  uint32 // links that an inode may have at most
}

func newDecider(tree *scan.Tree, policy Policy, fs *scan.Filesystem) decider {
	policy = policy.On(fs)
	return decider{tree, policy, policy.linkLimit(fs.Type)}
}

// assign picks keepers within a class (indices into inodes) and sends every
// other inode to one, with all its names. The best inode keeps; one for whose names no
// keeper has room becomes a further keeper. The room that is left goes to later ones with
// fewer names.
func (d *decider) assign(inodes []InodePlan, class []int) {
	if d.policy.Link == LinkReflink {
		d.assignShared(inodes, class)
		return
	}
	if class = unsealed(inodes, class); len(class) == 0 {
		return
	}
	order := d.order(inodes, class)
	best := &inodes[order[0]]
	var open vacancies
	open.add(0, d.room(best))
	for place := 1; place < len(order); place++ {
		ip := &inodes[order[place]]
		if reason := d.whyHeld(best, ip); reason != "" {
			ip.Action, ip.Reason = ActHold, reason
		} else if !d.join(inodes, order, ip, &open) {
			ip.Action, ip.Reason = ActHold, HoldLinkLimit
			open.add(place, d.room(ip))
		}
	}
}

// join sends an inode to the keeper with the least room that will do, if there is one. Its
// names outside count, though they stay: so of two inodes the one fits the other if the
// other fits the one, and the next run, which may put them in another order, finds nothing to do.
func (d *decider) join(inodes []InodePlan, order []int, ip *InodePlan, open *vacancies) bool {
	for at := 0; at < len(*open); at = open.after(at) {
		v := (*open)[at]
		keeper := order[v.place]
		if int64(ip.Links) > v.room || d.staying(&inodes[keeper], ip) > 0 {
			continue
		}
		open.shrink(at, int64(len(ip.Names)))
		inodes[keeper].Action = ActKeep
		d.link(inodes, ip, keeper)
		return true
	}
	return false
}

// link decides that the names of ip become links to inode number keeper of the set.
func (d *decider) link(inodes []InodePlan, ip *InodePlan, keeper int) {
	if d.policy.Link == LinkSymlink {
		d.point(inodes, ip, keeper)
		return
	}
	ip.Action, ip.To, ip.Replace = ActLink, keeper, ip.Names
	if ip.Outside > 0 {
		ip.Reason = HoldOutside
		return
	}
	ip.Frees = ip.Releases(ip.Allocated)
	if ip.Frees == 0 && ip.Allocated > 0 {
		ip.Reason = HoldSharedElse
	}
}

// Releases is how many of the bytes that an inode takes become free with it: not
// those that others use too.
func (ip *InodePlan) Releases(allocated int64) int64 { return max(0, allocated-ip.Layout.Shared) }

// room is how many more links the inode may get.
func (d *decider) room(ip *InodePlan) int64 {
	if d.policy.Link == LinkSymlink {
		return math.MaxInt64
	}
	if ip.Unlinkable {
		return 0
	}
	return int64(d.limit) - int64(ip.Links)
}

// staying counts the names of ip that must not become links to keeper.
func (d *decider) staying(keeper, ip *InodePlan) (n int) {
	if !d.policy.AcrossOnly && !ip.protected {
		return 0
	}
	for _, name := range ip.Names {
		if d.mustStay(keeper, name) {
			n++
		}
	}
	return n
}

// mustStay tells the protected names, and with AcrossOnly those that are not across from the keeper.
func (d *decider) mustStay(keeper *InodePlan, n scan.Name) bool {
	return d.tree.Protected(n) || d.policy.AcrossOnly && !d.across(keeper, d.tree.Root(n))
}

// across reports whether the keeper has a name under an earlier PATH than root. An
// earlier one, not just another: names that were linked across before give a keeper
// several PATHs, and what lies inside one of them must stay in the next run, too.
// Files of a read-only snapshot keep whatever their PATH is, and take no names.
func (d *decider) across(keeper *InodePlan, root int) bool {
	return keeper.earliest() < root || keeper.Layout.Fixed && !d.under(keeper, root)
}

// earliest is the first PATH that an inode has a name under; a reference comes
// before all.
func (ip *InodePlan) earliest() int {
	if ip.protected {
		return -1
	}
	return ip.firstRoot
}

// locate notes where the names of an inode lie, once: an inode may have 65,000 of them, and
// is asked about for each name of every other.
func (d *decider) locate(ip *InodePlan) {
	ip.firstRoot, ip.protected = math.MaxInt, false
	for _, n := range ip.Names {
		ip.firstRoot = min(ip.firstRoot, d.tree.Root(n))
		ip.protected = ip.protected || d.tree.Protected(n)
	}
}

// under reports whether an inode has a name under a PATH.
func (d *decider) under(ip *InodePlan, root int) bool {
	return slices.ContainsFunc(ip.Names, func(n scan.Name) bool { return d.tree.Root(n) == root })
}

// insideOne reports whether all inodes of a set have names under one PATH.
func (d *decider) insideOne(inodes []InodePlan) bool {
	met := map[int]int{} // by PATH, how many inodes have names under it, as long as all have
	for i := range inodes {
		for _, n := range inodes[i].Names {
			if root := d.tree.Root(n); met[root] == i {
				met[root] = i + 1
			}
		}
	}
	return slices.Contains(slices.Collect(maps.Values(met)), len(inodes))
}

// insideReferences reports whether all names of a set are protected.
func (d *decider) insideReferences(inodes []InodePlan) bool {
	open := func(n scan.Name) bool { return !d.tree.Protected(n) }
	return !slices.ContainsFunc(inodes, func(ip InodePlan) bool { return slices.ContainsFunc(ip.Names, open) })
}

// whyHeld says why ip does not go to the best inode, "" if it may.
func (d *decider) whyHeld(best, ip *InodePlan) string {
	n := d.staying(best, ip)
	switch all := n == len(ip.Names); {
	case n == 0 && ip.Bound == "" && best.Unlinkable: // as all others are
		return HoldUnlinkable
	case n == 0:
		return ip.Bound
	case ip.protected && all:
		return HoldReference
	case ip.protected:
		return HoldProtected
	case all:
		return HoldAcross
	}
	return HoldPartly
}
