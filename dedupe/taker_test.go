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

// TestToldWhenStopped: a temporary name is told though the undo was stopped meanwhile, and so is all that
// went wrong; that a name was not reached is not.
func TestToldWhenStopped(t *testing.T) {
	each := func(ctx context.Context, t *taker, take func(*pastName) (int64, *refusal)) {
		t.each(ctx, &past{set: &journal.Set{}, names: []*pastName{{}, {}}}, take)
	}
	part := func(ctx context.Context, tk *taker, take func(*pastName) (int64, *refusal)) {
		check(t, tk.part(ctx, 2, func(int) *pastName { return &pastName{} }, func(_ int, n *pastName) (int64, *refusal) { return take(n) }))
	}
	for i, c := range []struct {
		r    *refusal
		told bool
	}{
		{&refusal{Failed, ReasonSystem, &stuckError{errors.ErrUnsupported, "tmp"}}, true},
		{skip(ReasonBusy).leaves("tmp", errors.ErrUnsupported), true},
		{&refusal{Failed, ReasonBusy, errTwoWriters}, true},
		{refused(context.Canceled), false},
		{skip(ReasonBusy), false},
		{nil, true},
	} {
		for _, all := range []func(context.Context, *taker, func(*pastName) (int64, *refusal)){each, part} {
			told := 0
			w := begun(t, t.TempDir())
			ctx, stop := context.WithCancel(t.Context())
			all(ctx, newTaker(w, UndoOptions{OnPath: func(UndoOutcome) { told++ }}), func(*pastName) (int64, *refusal) {
				stop()
				return 0, c.r
			})
			check(t, w.Close())
			if want := map[bool]int{true: 1}[c.told]; told != want {
				t.Errorf("%d: %+v: told %d times, want %d", i, c.r, told, want)
			}
		}
	}
}
