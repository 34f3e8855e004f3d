package dedupe

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/scan"
)

const (
	benchPairs = 400 // in benchDirs directories
	benchDirs  = 20
)

// BenchmarkApply compares the lossless replacement, journal and all, with the
// plain way: a link under another name, renamed over the copy, which looks at
// nothing and writes nothing down.
func BenchmarkApply(b *testing.B) {
	b.Run("oneinode", func(b *testing.B) {
		benchReplace(b, func(dir string) func() { return benchApply(b, dir) })
	})
	b.Run("link and rename", func(b *testing.B) {
		benchReplace(b, func(dir string) func() { return func() { linkAndRename(b, dir) } })
	})
}

// benchReplace times what prepare returns, each time on a new tree.
func benchReplace(b *testing.B, prepare func(dir string) func()) {
	var spent time.Duration
	for b.Loop() {
		b.StopTimer()
		dir := b.TempDir()
		for i := range benchPairs {
			put(b, dir, pairName(i, "keeper"), fmt.Sprint("content of pair ", i), 1)
			put(b, dir, pairName(i, "copy"), fmt.Sprint("content of pair ", i), 2)
		}
		replace := prepare(dir)
		b.StartTimer()
		start := time.Now()
		replace()
		spent += time.Since(start)
		b.StopTimer()
		check(b, os.RemoveAll(dir))
		b.StartTimer()
	}
	b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N)/benchPairs, "ns/link")
}

func pairName(i int, kind string) string { return fmt.Sprintf("d%02d/%s-%04d", i%benchDirs, kind, i) }

// benchApply has a plan ready to be carried out. The tree is at rest, but too
// young for the barrier to say so by itself.
func benchApply(b *testing.B, dir string) func() {
	res := find(b, dir, scan.Root{})
	barrier := Settle(res.Tree)
	barrier.at = time.Now().Add(time.Second).UnixNano()
	w := begun(b, b.TempDir())
	plan := planOf(res, decide.Policy{Match: decide.MatchDefault}, nil)
	return func() {
		totals, err := Apply(b.Context(), plan, ApplyOptions{Barrier: barrier, Journal: w, Run: "0123abcd"})
		check(b, err)
		check(b, w.Close())
		if totals.Linked != benchPairs {
			b.Fatalf("%+v", totals)
		}
	}
}

func linkAndRename(b *testing.B, dir string) {
	for i := range benchPairs {
		name := filepath.Join(dir, pairName(i, "copy"))
		check(b, os.Link(filepath.Join(dir, pairName(i, "keeper")), name+".tmp"))
		check(b, os.Rename(name+".tmp", name))
	}
}
