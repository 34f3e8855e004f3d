package dedupe

import (
	"fmt"
	"testing"

	"github.com/oneinode/oneinode/scan"
)

// BenchmarkPlan decides on a tree of pairs, and then goes through the decisions, as
// each report does.
func BenchmarkPlan(b *testing.B) {
	dir := b.TempDir()
	for i := range benchPairs {
		put(b, dir, pairName(i, "keeper"), fmt.Sprint("content of pair ", i), 1)
		put(b, dir, pairName(i, "copy"), fmt.Sprint("content of pair ", i), 2)
	}
	res := find(b, dir, scan.Root{})
	b.ReportAllocs()
	for b.Loop() {
		sets := 0
		for range planOf(res, Policy{Match: MatchDefault}, nil).Sets() {
			sets++
		}
		if sets != benchPairs {
			b.Fatal(sets)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchPairs, "ns/set")
}
