package scan

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Synthetic trees: directories that are on no disk, of the shape that home
// directories and source trees have.
const (
	growthPerDir = 30 // files in a directory
	growthShared = 50 // one in so many has a second name
)

// synthetic walks n files that do not exist: the walkers are fed with what a
// listing and statx(2) would have said, and all after that is the real thing.
func synthetic(tb testing.TB, n int) *Tree {
	tb.Helper()
	s := newScanner([]Root{{Path: tb.TempDir()}}, Options{})
	must(tb, s.checkRoots(tb.Context()))
	first := s.walkers[0]
	for _, t := range s.start(false) {
		first.visit(t)
	}
	at := first.at
	var group sync.WaitGroup
	dirs := (n + growthPerDir - 1) / growthPerDir
	for i, w := range s.walkers {
		group.Go(func() {
			for d := i; d < dirs; d += len(s.walkers) {
				w.imagine(tb, at, d, min(growthPerDir, n-d*growthPerDir))
			}
		})
	}
	group.Wait()
	must(tb, s.failure())
	must(tb, s.finish())
	return s.tree
}

// imagine takes a directory with some files.
func (w *walker) imagine(tb testing.TB, at place, d, files int) {
	parent := w.tree.dir(at.dir)
	dir, err := w.addNamedDir(dirRecord{parent: uint32(at.dir), root: at.root, domain: parent.domain}, fmt.Appendf(nil, "directory-%07d", d))
	if err != nil {
		tb.Error(err)
		return
	}
	w.visited.claim(ID{at.domain.dev, uint64(d) << 32}, Dir(d))
	var name [32]byte
	for i := range files {
		number := d*growthPerDir + i
		st := Stat{ID: ID{at.domain.dev, uint64(number)}, Links: 1, Size: int64(number % 5000), Allocated: 8192, Mtime: int64(number), Ctime: int64(number)}
		if number%growthShared == 0 || number%growthShared == 1 { // two names of one inode
			st.Links, st.Ino = 2, uint64(number-number%growthShared)
		}
		w.take(dir, fmt.Appendf(name[:0], "photograph-%08d.jpg", number), &st)
	}
}

// heap returns the bytes of what is in use.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what the first one set free by finalizers
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// grown returns what the tree of so many files takes.
func grown(tb testing.TB, n int) int64 {
	tb.Helper()
	before := heap()
	tree := synthetic(tb, n)
	defer tree.Close()
	if tree.Len() != n || tree.Whole().Inodes != int64(n-n/growthShared) {
		tb.Fatalf("%d names, %+v", tree.Len(), tree.Whole())
	}
	bytes := heap() - before
	runtime.KeepAlive(tree)
	return bytes
}

// TestGrowth is the guard against growing fat: a file takes a record of 24 bytes,
// its name of 23 letters with its length, its facts, and its share of the directory. It counts bytes in use, which depend neither on time nor on load.
func TestGrowth(t *testing.T) {
	const step = 150_000
	small, large := grown(t, step), grown(t, 2*step)
	perFile := float64(large-small) / step
	t.Logf("%d files: %.1f bytes each; %d: %.1f; each of the further ones %.1f", step, float64(small)/step, 2*step, float64(large)/2/step, perFile)
	if perFile > 64 {
		t.Errorf("%.1f bytes a further file", perFile)
	}
	if first := float64(small) / step; first > 1.1*perFile+8 {
		t.Errorf("%.1f bytes a file at first, %.1f of each further one: that is not linear", first, perFile)
	}
}

// TestKeepsLittle: of what most trees are made of nothing is kept beside records, names and directories.
func TestKeepsLittle(t *testing.T) {
	dir := plant(t, "file a/f", "file a/b/g", "link a/f a/b/twin", "file h", "sym h link", "fifo pipe", "dir empty")
	s := newScanner([]Root{{Path: dir}}, Options{})
	must(t, s.checkRoots(t.Context()))
	s.walk(otherRoots)
	dirs, linked := 0, 0
	for _, w := range s.walkers {
		if n := len(w.mounted) + len(w.symlinks) + len(w.aliases) + len(w.binds) + len(w.leftovers); n > 0 {
			t.Errorf("%d things that this tree does not hold", n)
		}
		dirs += w.dirsUsed
		linked += w.shared
	}
	if dirs != 4 || linked != 2 {
		t.Errorf("%d directories, %d names of files with several", dirs, linked)
	}
	if n := s.domains.remembered(); n > 1 {
		t.Errorf("%d inodes are remembered, of which one has a further name", n)
	}
	must(t, s.finish())
	defer s.tree.Close()
	if n := s.domains.remembered(); n > 0 {
		t.Errorf("%d inodes are remembered after the walk", n)
	}
}

// remembered is how many inodes a walk expects further names of.
func (d *domains) remembered() (n int) {
	for _, info := range d.byKey {
		for i := 0; info.linked != nil && i < len(info.linked.shards); i++ {
			n += len(info.linked.shards[i].set)
		}
	}
	return n
}

// BenchmarkGrowth reports what a file costs in a large tree. ONEINODE_FILES says
// how many there are; ten million take two seconds and 1 GiB.
func BenchmarkGrowth(b *testing.B) {
	n := 1_000_000
	if files, err := strconv.Atoi(os.Getenv("ONEINODE_FILES")); err == nil {
		n = files
	}
	start := time.Now()
	for b.Loop() {
		var bytes, peak runtime.MemStats
		before := heap()
		tree := synthetic(b, n)
		runtime.ReadMemStats(&peak)
		runtime.GC()
		runtime.ReadMemStats(&bytes)
		tree.Close()
		runtime.KeepAlive(tree)
		b.ReportMetric(float64(int64(bytes.HeapAlloc)-before)/float64(n), "kept-B/file")
		b.ReportMetric(float64(peak.Sys)/float64(n), "system-B/file")
	}
	b.ReportMetric(float64(time.Since(start).Nanoseconds())/float64(b.N)/float64(n), "ns/file")
}
