package main

import (
	"context"
	"errors"

	"github.com/oneinode/oneinode/dedupe"
)

// apply carries a plan out and notes each outcome.
func (r *run) apply(ctx context.Context, plan *dedupe.Plan, act action) error {
	return errors.New("replacing files is not available yet; -n prints the plan")
}

// onOutcome is the callback of the replaces.
func (r *run) onOutcome(o dedupe.Outcome) {
	r.ledger.Outcome(o)
	r.progress.OnOutcome(o)
	r.troubles.Outcome(o)
}
