package cache

import (
	"encoding/gob"
	"os"
	"path/filepath"
	"testing"
)

const benchEntries = 100_000

// BenchmarkCache compares the sorted file with the plain way: a map that is
// kept with encoding/gob and read whole into memory.
func BenchmarkCache(b *testing.B) {
	list := make([]Entry, benchEntries)
	for i := range list {
		list[i] = entry(1, uint64(i), Whole, 1)
	}
	c := In(b.TempDir())
	run := func(name string, do func(b *testing.B)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				do(b)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchEntries, "ns/entry")
		})
	}
	run("update", func(b *testing.B) { update(b, c, list...) })
	run("look up all in order", func(b *testing.B) {
		n := 0
		if err := c.Range(1, 0, benchEntries, func(*Entry) { n++ }); err != nil || n != benchEntries {
			b.Fatal(n, err)
		}
	})
	run("look up a hundredth", func(b *testing.B) {
		n := 0
		if err := c.Range(1, benchEntries/2, benchEntries/2+benchEntries/100, func(*Entry) { n++ }); err != nil || n != benchEntries/100+1 {
			b.Fatal(n, err)
		}
	})
	file := filepath.Join(b.TempDir(), "map")
	run("map/update", func(b *testing.B) { writeMap(b, file, list) })
	run("map/look up all", func(b *testing.B) {
		known := readMap(b, file)
		for i := range list {
			if _, ok := known[list[i].Ino]; !ok {
				b.Fatal(i)
			}
		}
	})
}

func writeMap(b *testing.B, file string, list []Entry) {
	known := make(map[uint64]Entry, len(list))
	for i := range list {
		known[list[i].Ino] = list[i]
	}
	f, err := os.Create(file)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if err := gob.NewEncoder(f).Encode(known); err != nil {
		b.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		b.Fatal(err)
	}
}

func readMap(b *testing.B, file string) (known map[uint64]Entry) {
	f, err := os.Open(file)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if err := gob.NewDecoder(f).Decode(&known); err != nil {
		b.Fatal(err)
	}
	return known
}
