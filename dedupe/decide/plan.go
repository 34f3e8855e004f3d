package decide

import (
	"context"
	"math"

	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// Action is what the plan does with one inode of a set.
type Action uint8

const (
	ActKeep Action = iota // stays, and others become links to it
	ActLink               // its names become links to a keeper
	ActHold               // stays as it is, see Reason
)

// InodePlan is the decision about one inode.
type InodePlan struct {
	hash.Member
	scan.Facts
	Layout Layout      // for a reflink; Shared also for other links
	Names  []scan.Name // every name that the scan met, sorted by path
	Bound  string      // why none of its names can be replaced, "" if they can
	Sealed bool        // nor can names become links to it
	// Unlinkable: this user may not make links to it. That does not keep its names.
	Unlinkable bool
	Action     Action
	To         int // for ActLink: index of its keeper in SetPlan.Inodes
	// Replace are, for ActLink, the names that change: all of them. For a reflink it is
	// the one by which the inode is opened: no name changes.
	Replace []scan.Name
	Frees   int64  // for ActLink: bytes that become free once all of Replace is done; 0 while names outside remain
	Outside uint32 // names the inode has that the scan did not meet
	Reason  string // why it is held, is a further keeper, or frees nothing as a link; "" otherwise

	firstRoot int  // the first PATH that it has a name under
	protected bool // a name lies under a reference
}

// SetPlan is the decision about one duplicate set.
type SetPlan struct {
	Set         *hash.Set
	Link        Link // how its inodes are joined; never LinkAuto
	Inodes      []InodePlan
	Reclaimable int64   // bytes: the sum of Frees
	inside      bool    // all lie inside one PATH, with AcrossOnly, or under references
	parted      bool    // there are inodes that the policy does not let become one
	apart       []Match // rules, two or more at once, that set classes apart from the biggest
	// limited tells of each class that a limit of the filesystem sets apart from the biggest: one
	// inode of it stays, whatever the policy gives up.
	limited []string
}

// Held is what one rule of the policy holds back: the bytes that would become
// free besides if that rule alone were given up. Of several rules at once it is what
// no part of them would free.
type Held struct {
	Rule  string // as in --match: "owner", "group", "mode", "mtime", "xattr", "name"; several with commas
	Bytes int64
	Sets  int64
}

// PlanTotals sums a plan.
type PlanTotals struct {
	Sets            int64
	DuplicateInodes int64 // inodes of all sets beyond the first of each
	Redundant       int64 // bytes: what those take; an upper bound of Reclaimable
	Reclaimable     int64 // bytes
	Replacements    int64 // names that Apply will replace
	Held            []Held
	PinnedInodes    int64 // inodes whose linking frees nothing, for the names outside that they have
	Pinned          int64 // bytes allocated to those
	// Limited counts inodes that stay for a limit of the filesystem, by reason.
	Limited map[string]int64
	Denied  int64 // inodes that stay for want of a right, see IsDenied
}

// Plan is the whole decision. It is pure data over a hash.Result.
type Plan struct {
	result *hash.Result
	policy Policy
	layout *Layouts
	order  []int32 // indices of result.Sets, best first
	totals PlanTotals
}

// NewPlan decides; it calls nothing of the outside. It fails when ctx ends first: a million
// files take seconds.
func NewPlan(ctx context.Context, res *hash.Result, policy Policy, layouts *Layouts) (*Plan, error) {
	p := &Plan{result: res, policy: policy, layout: layouts, order: make([]int32, 0, len(res.Sets))}
	list := p.survey(ctx)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p.sort(list)
	return p, nil
}

// redundant is what the set stores more than once, in bytes: all but its
// smallest inode. It bounds what can be reclaimed. Those that share the keeper's
// blocks already are stored with it.
func redundant(sp *SetPlan) int64 {
	var sum int64
	least := int64(math.MaxInt64)
	for i := range sp.Inodes {
		if sp.Inodes[i].Reason == HoldShared {
			continue
		}
		takes := max(Stored(sp.Set.Size, sp.Inodes[i].Allocated), sp.Inodes[i].Frees)
		sum, least = sum+takes, min(least, takes)
	}
	return sum - least
}

// tailAtMost is more than filesystems put among their metadata, or into a block with
// other files' ends.
const tailAtMost = 4096

// Stored is how many bytes of a file are on the disk: its blocks, as holes and compressed
// bytes are not stored. Where less than a block is missing that may lie elsewhere.
func Stored(size, allocated int64) int64 {
	if size-allocated < tailAtMost {
		return max(size, allocated)
	}
	return allocated
}

// add counts one set.
func (t *PlanTotals) add(sp *SetPlan) {
	t.Sets++
	t.DuplicateInodes += int64(len(sp.Inodes) - 1)
	t.Redundant += redundant(sp)
	t.Reclaimable += sp.Reclaimable
	for _, reason := range sp.limited {
		t.limit(reason)
	}
	for i := range sp.Inodes {
		t.Replacements += int64(len(sp.Inodes[i].Replace))
		switch r := sp.Inodes[i].Reason; {
		case r == "":
		case IsDenied(r):
			t.Denied++
		case r == sp.Inodes[i].Bound, r == HoldLinkLimit:
			t.limit(r)
		}
		if sp.Inodes[i].Reason == HoldOutside {
			t.PinnedInodes++
			t.Pinned += sp.Inodes[i].Allocated
		}
	}
}

// limit counts an inode that stays for a limit of the filesystem.
func (t *PlanTotals) limit(reason string) {
	if t.Limited == nil {
		t.Limited = map[string]int64{}
	}
	t.Limited[reason]++
}

// Reassign decides anew about inodes that are left of a set, whose names may have become fewer.
func (p *Plan) Reassign(set *hash.Set, inodes []InodePlan) {
	d := p.deciderAgain(set, inodes)
	d.assign(inodes, count(len(inodes)))
}

// Order lists inodes that are left of a set, best keeper first.
func (p *Plan) Order(set *hash.Set, inodes []InodePlan) []int {
	d := p.deciderAgain(set, inodes)
	return d.order(inodes, count(len(inodes)))
}

func (p *Plan) deciderAgain(set *hash.Set, inodes []InodePlan) decider {
	d := newDecider(p.result.Tree, p.policy, &p.result.Tree.Filesystems()[set.Domain])
	for i := range inodes {
		d.locate(&inodes[i])
	}
	return d
}

// Totals returns the sums, computed once by NewPlan.
func (p *Plan) Totals() PlanTotals { return p.totals }

// WhyDenied says which right is missing to a name of an inode that stays for want of one, "" for a name
// that stays only with the others.
func (p *Plan) WhyDenied(ip *InodePlan, n scan.Name) string {
	if ip.Reason == HoldUnlinkable {
		return ip.Reason
	}
	return p.layout.Denied[n]
}

// Matches reports whether files must agree in what the rule says to share an inode.
func (p *Plan) Matches(rule Match) bool { return p.policy.Match&rule != 0 }

// Result returns what the plan was made of.
func (p *Plan) Result() *hash.Result { return p.result }
