package scan

import (
	"context"
	"fmt"
	"math"
	"os"
	"testing"
	"time"
)

// TestFacts fills several chunks, so that names are moved when the walkers' rests are
// put together, and compares what is kept with what the files say of themselves.
func TestFacts(t *testing.T) {
	dir := t.TempDir()
	for i := range 2*chunkLen + 100 {
		if i%200 == 0 {
			must(t, os.Mkdir(fmt.Sprintf("%s/%d", dir, i/200), 0o755))
		}
		path := fmt.Sprintf("%s/%d/%d", dir, i/200, i)
		must(t, os.WriteFile(path, make([]byte, i%10_000), 0o644))
		if i%3 == 0 {
			must(t, os.Chtimes(path, time.Time{}, time.Unix(int64(i)*1000-1e6, int64(i))))
		}
		if i%7 == 0 {
			must(t, os.Link(path, path+".link"))
		}
	}
	for _, walkers := range []int{1, 3} {
		tree, err := Scan(context.Background(), []Root{{Path: dir}}, Options{Walkers: walkers})
		must(t, err)
		defer tree.Close()
		for n := range Name(tree.Len()) {
			st, err := StatAt(-1, tree.Path(n))
			must(t, err)
			if got, want := tree.Facts(n), FactsOf(&st); got != want {
				t.Fatalf("%d walkers: %s: %+v, want %+v", walkers, tree.Path(n), got, want)
			}
		}
	}
}

// TestWholeChunk: nothing is left over of what fills a chunk.
func TestWholeChunk(t *testing.T) {
	dir := t.TempDir()
	many(t, dir, chunkLen)
	if tree, _ := walk(t, Options{Walkers: 1}, dir); tree.Len() != chunkLen {
		t.Errorf("%d names", tree.Len())
	}
}

// FuzzFacts: whatever an inode says of itself comes back.
func FuzzFacts(f *testing.F) {
	f.Add(int64(0), int64(0), int64(0), int64(0), uint32(0))
	f.Add(int64(4097), int64(1.7e18), int64(1.7e18), int64(16), uint32(1))
	f.Add(int64(math.MaxInt64), int64(math.MinInt64), int64(math.MaxInt64), int64(math.MaxInt64/512), uint32(math.MaxUint32))
	f.Fuzz(func(t *testing.T, size, mtime, ctime, units int64, links uint32) {
		if size < 0 || units < 0 || units > math.MaxInt64/factUnit {
			t.Skip("no such file")
		}
		want := Facts{mtime, ctime, units * factUnit, links}
		buf := appendFacts([]byte("before"), size, &want)
		if len(buf)-len("before") > maxFacts {
			t.Errorf("%d bytes", len(buf))
		}
		if got := readFacts(append(buf, "behind"...)[len("before"):], size); got != want {
			t.Errorf("%+v came back as %+v", want, got)
		}
	})
}

// TestFactsAreShort: a file like most takes 11 bytes.
func TestFactsAreShort(t *testing.T) {
	for size, units := range map[int64]int64{0: 0, 1: 8, 4096: 8, 4097: 16, 1 << 40: 1 << 31} {
		if buf := appendFacts(nil, size, &Facts{1.7e18, 1.7e18, units * factUnit, 1}); len(buf) != 11 {
			t.Errorf("%d bytes in %d units: %d bytes", size, units, len(buf))
		}
	}
}
