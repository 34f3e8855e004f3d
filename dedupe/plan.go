package dedupe

import (
	"iter"

	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// Action is what the plan does with one inode of a set.
type Action uint8

const (
	ActKeep Action = iota // stays, and others become links to it
	Link                  // its names become links to a keeper
	Hold                  // stays as it is, see Reason
)

// InodePlan is the decision about one inode.
type InodePlan struct {
	hash.Member
	Names   []scan.Name // every name that the scan met, sorted by path
	Action  Action
	To      int         // for ActLink: index of its keeper in SetPlan.Inodes
	Replace []scan.Name // for ActLink: the names that change (not the protected ones)
	Frees   int64       // for ActLink: bytes that become free once all of Replace is done; 0 while other names remain
	Outside uint32      // names the inode has that the scan did not meet
	Reason  string      // why it is held, or why Link frees nothing; "" otherwise
}

// SetPlan is the decision about one duplicate set.
type SetPlan struct {
	Set         *hash.Set
	Inodes      []InodePlan
	Reclaimable int64 // bytes: the sum of Frees
}

// Held is what one rule of the policy holds back: the bytes that would become
// free besides if that rule alone were given up.
type Held struct {
	Rule  string // as in --match: "owner", "group", "mode", "mtime", "xattr", "name"
	Bytes int64
	Sets  int64
}

// PlanTotals sums a plan.
type PlanTotals struct {
	Sets            int64
	DuplicateInodes int64 // inodes of all sets beyond the first of each
	Redundant       int64 // bytes: size of each of those; an upper bound
	Reclaimable     int64 // bytes
	Replacements    int64 // names that Apply will replace
	Held            []Held
}

// Plan is the whole decision. It is pure data over a hash.Result.
type Plan struct{ todo int }

// NewPlan decides; it calls nothing of the outside.
func NewPlan(res *hash.Result, policy Policy) *Plan { panic("todo") }

// Totals returns the sums, computed once by NewPlan.
func (p *Plan) Totals() PlanTotals { panic("todo") }

// Result returns what the plan was made of.
func (p *Plan) Result() *hash.Result { panic("todo") }

// Sets yields the sets, biggest reclaimable first, then biggest redundant, then path order.
// Each SetPlan is made when it is asked for and belongs to the caller.
func (p *Plan) Sets() iter.Seq[SetPlan] { panic("todo") }
