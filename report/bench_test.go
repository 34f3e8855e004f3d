package report

import (
	"encoding/json"
	"fmt"
	"io"
	"testing"
)

// benchSaved is a run with many small sets.
func benchSaved(sets int) *Saved {
	s := sample()
	plain := s.sets[0]
	s.sets = nil
	for i := range sets {
		set := plain
		set.Inodes = nil
		for k := range 3 {
			in := plain.Inodes[k]
			in.Inode = uint64(3*i + k)
			in.Paths = []Path{NewPath(fmt.Sprintf("/srv/library/%03d/photograph-%06d-%d.jpg", i%500, i, k))}
			set.Inodes = append(set.Inodes, in)
		}
		s.sets = append(s.sets, set)
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
				Document
				Sets    []Set     `json:"sets"`
				Skipped []Skipped `json:"skipped"`
			}{src.doc, src.sets, src.skipped}); err != nil {
				b.Fatal(err)
			}
		}
		perSet(b)
	})
}
