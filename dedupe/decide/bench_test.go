package decide

import (
	"fmt"
	"testing"

	"github.com/oneinode/oneinode/scan"
)

// BenchmarkPlan decides on a tree of pairs, and then goes through the decisions, as
// each report does.
func BenchmarkPlan(b *testing.B) {
	const pairs = 400
	dir := b.TempDir()
	for i := range pairs {
		for age, kind := range []string{"keeper", "copy"} {
			put(b, dir, fmt.Sprintf("d%02d/%s-%03d", i%20, kind, i), fmt.Sprint("content of pair ", i), int64(age))
		}
	}
	res := find(b, dir, scan.Root{})
	b.ReportAllocs()
	for b.Loop() {
		sets := 0
		for range planOf(res, Policy{Match: MatchDefault}, nil).Sets() {
			sets++
		}
		if sets != pairs {
			b.Fatal(sets)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/pairs, "ns/set")
}
