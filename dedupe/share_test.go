package dedupe

import (
	"testing"

	"github.com/oneinode/oneinode/hash/extents"
)

func TestOwnBytes(t *testing.T) {
	t.Parallel()
	list := []extents.Extent{
		{Logical: 0, Length: 16 << 20}, {Logical: 16 << 20, Length: 1 << 20, Flags: extents.Shared}, {Logical: 17 << 20, Length: 8192},
	}
	for end, want := range map[int64]int64{
		0: 0, 1 << 20: 1 << 20, 16 << 20: 16 << 20, 17 << 20: 16 << 20, 17<<20 + 5000: 16<<20 + 8192,
	} {
		if got := ownBytes(list, end); got != want {
			t.Errorf("up to %d: %d, want %d", end, got, want)
		}
	}
}
