package hash

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oneinode/oneinode/scan"
	"github.com/zeebo/blake3"
)

// pair makes two files of zeros, mostly holes, that differ at each of the places.
func pair(t testing.TB, size int64, places ...int64) (root string) {
	t.Helper()
	root = t.TempDir()
	for _, name := range []string{"1", "2"} {
		f, err := os.Create(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Truncate(size); err != nil {
			t.Fatal(err)
		}
		for _, at := range places {
			if _, err := f.WriteAt([]byte(name), at); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// TestWide: pairs that all workers compare are told apart wherever they differ,
// and have the digest of their content.
func TestWide(t *testing.T) {
	t.Parallel()
	const (
		begin = firstChunk + chunkSize // the end comes next, and then the windows
		least = begin + windowSize + tailChunks*chunkSize
	)
	for _, size := range []int64{windowSize, least - 1, least, least + 1, 2*windowSize + stripeSize} {
		h := blake3.New()
		h.Write(make([]byte, size))
		var want Digest
		h.Sum(want[:0])
		for _, digests := range []bool{false, true} {
			var read, announced atomic.Int64
			res := found(t, scanned(t, pair(t, size)), Options{
				Digests: digests, OnRead: func(n int64) { read.Add(n) }, OnCandidates: func(_, n int64) { announced.Store(n) },
			})
			if len(res.Sets) != 1 || len(res.Sets[0].Members) != 2 {
				t.Fatalf("%d bytes: sets %+v", size, res.Sets)
			}
			if got := res.Sets[0].Digest; digests && got != want {
				t.Errorf("%d bytes: digest %v, want %v", size, got, want)
			}
			if read.Load() != res.BytesRead || read.Load() != announced.Load() {
				t.Errorf("%d bytes: read %d, told %d, announced %d", size, res.BytesRead, read.Load(), announced.Load())
			}
		}
		for _, at := range []int64{begin - 1, begin, begin + stripeSize - 1, begin + stripeSize, size / 2, size - tailChunks*chunkSize - 1, size - 1} {
			for _, digests := range []bool{false, true} {
				if res := found(t, scanned(t, pair(t, size, at)), Options{Digests: digests}); len(res.Sets) != 0 {
					t.Errorf("%d bytes that differ at %d: %+v", size, at, res.Sets)
				}
			}
		}
	}
}

// TestWideStops: where the files part, a worker leaves even its own stripe.
func TestWideStops(t *testing.T) {
	const at = firstChunk + 3*chunkSize
	root := pair(t, 4*windowSize, at)
	s := &search{}
	c := &class{size: 4 * windowSize, off: firstChunk}
	for _, name := range []string{"1", "2"} {
		f, err := os.Open(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		c.fds = append(c.fds, int(f.Fd()))
	}
	w := newWindow(s, c, c.off+windowSize)
	for range 2 {
		w.compare(t.Context())
		if got := s.read.Load(); w.parted.Load() != c.off || got != 2*4*chunkSize {
			t.Errorf("parted at %d, %d bytes read", w.parted.Load(), got)
		}
	}
}

// TestWideClass: several large files that part in different places, one after the
// other or all at once, give the sets that they should.
func TestWideClass(t *testing.T) {
	t.Parallel()
	const size = 2*windowSize + 3*chunkSize + 7
	for _, digests := range []bool{false, true} {
		root := t.TempDir()
		for i, at := range []int64{0, 0, windowSize + 5, windowSize + 5, windowSize + 3*chunkSize, windowSize + 3*chunkSize + 1, size - 1, size - 1} {
			f, err := os.Create(filepath.Join(root, fmt.Sprint(i)))
			if err != nil {
				t.Fatal(err)
			}
			err = f.Truncate(size)
			if at > 0 && err == nil {
				_, err = f.WriteAt([]byte("x"), at)
			}
			if err := cmp.Or(err, f.Close()); err != nil {
				t.Fatal(err)
			}
		}
		tree := scanned(t, root)
		res := found(t, tree, Options{Digests: digests})
		checkOracle(t, res)
		checkSets(t, res, digests)
	}
}

// TestWideDigest: the digest of files from which another has parted holds no byte twice, though it had come
// further than that by then.
func TestWideDigest(t *testing.T) {
	t.Parallel()
	const size, at = 2*windowSize + 7, 5*stripeSize + 1
	root, _ := sparse(t, 3, size)
	f, err := os.OpenFile(root+"/2", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("x"), at); cmp.Or(err, f.Close()) != nil {
		t.Fatal(err)
	}
	var late atomic.Int64
	res := found(t, scanned(t, root), Options{Digests: true, OnRead: func(n int64) {
		if n == chunkSize && late.Add(1) < 6*batchWorkers { // so that who makes the digest comes first
			time.Sleep(50 * time.Millisecond)
		}
	}})
	checkOracle(t, res)
	checkSets(t, res, true)
}

// TestWideSharesTheWork: more than one reads at the same time.
func TestWideSharesTheWork(t *testing.T) {
	t.Parallel()
	tree := scanned(t, pair(t, 2*windowSize))
	meet := make(chan struct{})
	var once sync.Once
	var waiting, begun atomic.Int64
	throttle := func(ctx context.Context, n int64) error {
		if begun.Add(1) < 12 { // the first steps are one worker's
			return nil
		}
		if waiting.Add(1) == 2 {
			once.Do(func() { close(meet) })
		}
		select {
		case <-meet:
		case <-time.After(5 * time.Minute):
			t.Error("nobody else reads")
			once.Do(func() { close(meet) })
		}
		return nil
	}
	if res := found(t, tree, Options{Workers: 4, Throttle: throttle}); len(res.Sets) != 1 {
		t.Errorf("sets %+v", res.Sets)
	}
}

// TestWideChanged: a pair of which one file changes or ends meanwhile is no set.
func TestWideChanged(t *testing.T) {
	t.Parallel()
	change := map[string]func(path string) error{
		"written": func(path string) error {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteAt([]byte("x"), windowSize)
			return err
		},
		"cut": func(path string) error { return os.Truncate(path, windowSize) },
	}
	for name, change := range change {
		for _, file := range []string{"1", "2"} {
			t.Run(fmt.Sprint(name, "-", file), func(t *testing.T) {
				t.Parallel()
				root := pair(t, 2*windowSize)
				tree := scanned(t, root)
				var told skips
				var read atomic.Int64
				var once sync.Once
				res, err := Find(t.Context(), tree, Options{OnSkip: told.add, OnRead: func(n int64) {
					if read.Add(n) > windowSize/4 {
						once.Do(func() {
							if err := change(filepath.Join(root, file)); err != nil {
								t.Error(err)
							}
						})
					}
				}})
				if err != nil || len(res.Sets) != 0 {
					t.Errorf("%v, sets %+v", err, res.Sets)
				}
				for _, k := range told.list {
					if k.Reason != ReasonChanged || k.Path != filepath.Join(root, file) {
						t.Errorf("told %+v", k)
					}
				}
			})
		}
	}
}

// TestWideCancel ends in the middle of a pair.
func TestWideCancel(t *testing.T) {
	t.Parallel()
	tree := scanned(t, pair(t, 8*windowSize))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var read atomic.Int64
	res, err := Find(ctx, tree, Options{Digests: true, OnRead: func(n int64) {
		if read.Add(n) > windowSize {
			cancel()
		}
	}, OnSkip: func(k scan.Skip) { t.Errorf("skipped %+v", k) }})
	if err == nil || len(res.Sets) != 0 {
		t.Errorf("%v, sets %+v", err, res.Sets)
	}
}

// TestWideUnreadable: what cannot be read is not the same, and is in no digest.
func TestWideUnreadable(t *testing.T) {
	for _, fds := range [][]int{{-1, -1}, {readOnly(t, pair(t, windowSize)+"/1"), -1}} {
		w := newWindow(&search{}, &class{fds: fds, size: windowSize, off: 5}, windowSize)
		if w.compare(t.Context()); w.parted.Load() != 5 {
			t.Errorf("%v: the same up to %d", fds, w.parted.Load())
		}
	}
	w := newWindow(&search{}, &class{fds: []int{-1}, size: windowSize, off: 5}, windowSize)
	if got := w.sum(t.Context(), blake3.New()); got != 5 || w.parted.Load() != 5 {
		t.Errorf("summed up to %d, the same up to %d", got, w.parted.Load())
	}
}
