package decide

import (
	"context"

	"github.com/oneinode/oneinode/dedupe/sample"
	"github.com/oneinode/oneinode/hash"
)

var (
	check = sample.Check
	put   = sample.Put
	find  = sample.Find
)

// planOf is NewPlan without an end.
func planOf(res *hash.Result, policy Policy, layouts *Layouts) *Plan {
	p, _ := NewPlan(context.Background(), res, policy, layouts)
	return p
}
