package dedupe

import (
	"context"
	"errors"
	"testing"

	"github.com/oneinode/oneinode/dedupe/journal"
)

// TestAheadOf: a signal waits for what is copied, so of large files one is copied after the other.
func TestAheadOf(t *testing.T) {
	for size, want := range map[int64]int{0: 8, 1: 8, 1 << 20: 8, 4 << 20: 4, 9 << 20: 1, 1 << 40: 1} {
		if got := (&taker{ahead: 8}).aheadOf(size); got != want {
			t.Errorf("of %d bytes %d at a time, want %d", size, got, want)
		}
	}
	if got := (&taker{ahead: 1}).aheadOf(1); got != 1 {
		t.Errorf("%d at a time where few files may be open", got)
	}
}

// TestToldWhenStopped: a temporary name is told though the undo was stopped meanwhile; that a name was
// not reached is not.
func TestToldWhenStopped(t *testing.T) {
	for _, c := range []struct {
		r    *refusal
		told bool
	}{
		{&refusal{Failed, ReasonSystem, &stuckError{errors.ErrUnsupported, "tmp"}}, true},
		{skip(ReasonBusy).leaves("tmp", errors.ErrUnsupported), true},
		{refused(context.Canceled), false},
		{skip(ReasonBusy), false},
		{nil, true},
	} {
		var told []UndoOutcome
		w := begun(t, t.TempDir())
		taker := newTaker(w, UndoOptions{OnPath: func(o UndoOutcome) { told = append(told, o) }})
		ctx, stop := context.WithCancel(t.Context())
		p := &past{set: &journal.Set{}, names: []*pastName{{}, {}}}
		taker.each(ctx, p, func(*pastName) (int64, *refusal) {
			stop()
			return 0, c.r
		})
		check(t, w.Close())
		if got := len(told); got != map[bool]int{true: 1}[c.told] {
			t.Errorf("%+v: told %d times", c.r, got)
		}
	}
}
