package report

import (
	"encoding/json"
	"fmt"
	"io"
	"testing"

	"github.com/oneinode/oneinode/report/sample"
	"github.com/oneinode/oneinode/report/schema"
)

// benchSaved is a run with many small sets.
func benchSaved(sets int) *schema.Loaded {
	s := sample.Scan()
	plain := s.AllSets[0]
	s.AllSets = nil
	for i := range sets {
		set := plain
		set.Inodes = nil
		for k := range 3 {
			in := plain.Inodes[k]
			in.Inode = uint64(3*i + k)
			in.Paths = []schema.Path{schema.NewPath(fmt.Sprintf("/srv/library/%03d/photograph-%06d-%d.jpg", i%500, i, k))}
			set.Inodes = append(set.Inodes, in)
		}
		s.AllSets = append(s.AllSets, set)
	}
	return s
}

// BenchmarkWrite compares the formats, which hold one set at a time, with the
// plain way: the whole document as one value for encoding/json.
func BenchmarkWrite(b *testing.B) {
	const sets = 5000
	src := benchSaved(sets)
	perSet := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/sets, "ns/set")
	}
	for _, format := range []Format{FormatJSON, FormatNDJSON, FormatCSV} {
		b.Run(string(format), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := Write(io.Discard, src, format, Style{}); err != nil {
					b.Fatal(err)
				}
			}
			perSet(b)
		})
	}
	b.Run("one json.Marshal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(struct {
				schema.Document
				Sets    []schema.Set     `json:"sets"`
				Skipped []schema.Skipped `json:"skipped"`
			}{src.Doc, src.AllSets, src.AllSkipped}); err != nil {
				b.Fatal(err)
			}
		}
		perSet(b)
	})
}
