package hash

import (
	"fmt"
	"testing"
	"time"
)

// TestFindAllocatesLittle guards the reading of small files: what is allocated is
// allocated once for all of them or once for each worker.
func TestFindAllocatesLittle(t *testing.T) {
	const count = 2000
	list := files{}
	for i := range count {
		list[fmt.Sprintf("%d/%d", i%20, i)] = fmt.Appendf(nil, "%05d", i/2)
	}
	tree := scanned(t, planted(t, list))
	time.Sleep(tick)
	allocs := testing.AllocsPerRun(3, func() { found(t, tree, Options{Workers: 4}) })
	// Measured: 0.02 a file. A single allocation in the way of each would be 1.
	if perFile := allocs / count; perFile > 0.3 {
		t.Errorf("%.2f allocations a file", perFile)
	} else {
		t.Logf("%.3f allocations a file", perFile)
	}
}
