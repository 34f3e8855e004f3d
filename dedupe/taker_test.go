package dedupe

import (
	"testing"
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
