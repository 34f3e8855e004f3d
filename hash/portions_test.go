package hash

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oneinode/oneinode/scan"
)

// Best first finds the same sets.
func TestPortionsAgree(t *testing.T) {
	list := files{}
	for i := range portionFiles + portionFiles/4 {
		list[fmt.Sprintf("%d/%d", i%50, i)] = fmt.Appendf(nil, "%0*d", 1+i%97, i%389)
	}
	for i := range 6 {
		list[fmt.Sprintf("big/%d", i)] = bytes.Repeat([]byte{byte(i / 2)}, wholeSize+1+i/4)
	}
	tree := scanned(t, planted(t, list))
	var candidates, done atomic.Int64
	opts := Options{
		BestFirst: true, OnDone: func(n, _ int64) { done.Add(n) },
		OnCandidates: func(n, _ int64) { candidates.Store(n) },
	}
	s := &search{tree: tree, opts: opts, changes: &changes{}, groups: groupNumbers(len(tree.Filesystems()), nil)}
	if recs := newRecords(tree, s.groups); len((&search{tree: tree}).portions(recs)) != 1 {
		t.Error("more than one sweep where nothing stops the search")
	}
	if parts := s.portions(newRecords(tree, s.groups)); len(parts) < 2 {
		t.Fatalf("%d portions only: the test tests nothing", len(parts))
	} else if slices.ContainsFunc(parts[0].members, func(m Member) bool { return !discarded(&m) }) {
		t.Error("records count as read")
	} else if n := large(parts[0]); n != 6 {
		t.Errorf("%d of the 6 large files are in the first portion", n)
	} else if last := parts[1].members; len(last) == 0 || slices.ContainsFunc(last, func(m Member) bool { return tree.Size(m.Name) > 50 }) {
		t.Errorf("%d files, of 1 to 97 bytes, come last, or some of more than half as many", len(last))
	}
	want, got := pathsOf(found(t, tree, Options{})), pathsOf(found(t, tree, opts))
	if got != want {
		t.Errorf("other sets than without: %d and %d bytes of text", len(got), len(want))
	}
	if candidates.Load() != done.Load() {
		t.Errorf("%d candidates, %d done", candidates.Load(), done.Load())
	}
}

func large(recs *records) (n int) {
	for i := range recs.members {
		if isLarge(recs.tree.Size(recs.members[i].Name)) {
			n++
		}
	}
	return n
}

// A search that is stopped has the sets that may save most.
func TestBestFirstStopped(t *testing.T) {
	list := files{}
	for i := range portionFiles + portionFiles/2 {
		list[fmt.Sprintf("small/%d", i)] = fmt.Appendf(nil, "%05d", i/2)
	}
	for i := range 8 {
		list[fmt.Sprintf("big/%d", i)] = bytes.Repeat([]byte{byte(i / 2)}, 1<<20)
	}
	tree := scanned(t, planted(t, list))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var read, candidates, done atomic.Int64
	res, err := Find(ctx, tree, Options{
		BestFirst: true, Workers: 1,
		OnCandidates: func(n, _ int64) { candidates.Store(n) },
		OnDone:       func(n, _ int64) { done.Add(n) },
		OnRead: func(n int64) {
			if read.Add(n) > 9<<20 { // the big ones, and a little
				cancel()
			}
		},
	})
	if err == nil && read.Load() > 9<<20 {
		t.Error("no error though it was stopped")
	}
	big := 0
	for i := range res.Sets {
		if res.Sets[i].Size == 1<<20 {
			big++
		}
	}
	if big != 4 {
		t.Errorf("%d of the 4 big sets", big)
	}
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	done.Store(0)
	seen := atomic.Int64{}
	res, err = Find(ctx, tree, Options{
		BestFirst: true, Workers: 1,
		OnCandidates: func(n, _ int64) { candidates.Store(n) },
		OnDone: func(n, _ int64) {
			done.Add(n)
			if seen.Add(n) > portionFiles/2 {
				cancel()
			}
		},
	})
	if want := pairsAmong(tree, int(done.Load())); err == nil || len(res.Sets) != want || want == 0 {
		t.Errorf("%v, %d sets, want %d: what was read of a portion is lost", err, len(res.Sets), want)
	}
	if done.Load() >= candidates.Load() {
		t.Errorf("%d of %d candidates are said to be done", done.Load(), candidates.Load())
	}
}

// pairsAmong counts the pairs of small files that are complete when the first n of
// them are read, in the order of the disk, by one worker.
func pairsAmong(tree *scan.Tree, n int) (pairs int) {
	var small []scan.Name
	for name := range scan.Name(tree.Len()) {
		if !isLarge(tree.Size(name)) {
			small = append(small, name)
		}
	}
	slices.SortFunc(small, func(a, b scan.Name) int { return byInode(tree, a, b) })
	seen := map[int]bool{}
	for _, name := range small[:n] {
		number, _ := strconv.Atoi(string(tree.Base(name)))
		if seen[number/2] {
			pairs++
		}
		seen[number/2] = true
	}
	return pairs
}

// TestBestFirstOfAPortion: of the large files of one portion, too, those that may save most come first.
func TestBestFirstOfAPortion(t *testing.T) {
	root, most := t.TempDir(), 6*wholeSize
	for i, size := range []int{3 * wholeSize, most, 4 * wholeSize} { // whichever way inodes are numbered
		for j := range 2 {
			plant(t, fmt.Sprintf("%s/%d-%d", root, i, j), filled(uint64(i), size))
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	left := int64(6*headSize + 2*most)
	res, err := Find(ctx, scanned(t, root), Options{BestFirst: true, Workers: 1, OnRead: func(n int64) {
		if left -= n; left <= 0 {
			cancel()
		}
	}})
	if err == nil || len(res.Sets) != 1 || res.Sets[0].Size != int64(most) {
		t.Errorf("%v, sets %v", err, pathsOf(res))
	}
}

// Throttle is asked before each read and can end the search.
func TestThrottle(t *testing.T) {
	root := planted(t, files{
		"a": bytes.Repeat([]byte{1}, 300<<10), "b": bytes.Repeat([]byte{1}, 300<<10), "c": []byte("x"), "d": []byte("x"),
	})
	tree := scanned(t, root)
	var asked, read atomic.Int64
	res := found(t, tree, Options{
		Throttle: func(_ context.Context, n int64) error { asked.Add(n); return nil },
		OnRead: func(n int64) {
			if read.Add(n) > asked.Load() {
				t.Error("read before it was asked")
			}
		},
	})
	if len(res.Sets) != 2 || asked.Load() != read.Load() || read.Load() < 600<<10 {
		t.Errorf("%d sets, asked for %d bytes, read %d", len(res.Sets), asked.Load(), read.Load())
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	res, err := Find(ctx, tree, Options{Throttle: func(ctx context.Context, _ int64) error { <-ctx.Done(); return ctx.Err() }})
	if err == nil || len(res.Sets) != 0 {
		t.Errorf("%v, %d sets", err, len(res.Sets))
	}
}

// TestPortionsOfHoles: files that are mostly holes may save little, whatever their size.
func TestPortionsOfHoles(t *testing.T) {
	list := files{"a": filled(1, 4*wholeSize), "b": filled(1, 4*wholeSize)}
	root := planted(t, list)
	for _, name := range []string{"hole-1", "hole-2"} {
		plant(t, filepath.Join(root, name), nil)
		if err := os.Truncate(filepath.Join(root, name), 2*portionBytes); err != nil {
			t.Fatal(err)
		}
	}
	tree := scanned(t, root)
	s := newSearch(tree, Options{BestFirst: true}, false)
	recs := newRecords(tree, s.groups)
	numbers, _ := s.assignPortions(recs)
	for i, m := range recs.members {
		if n := numbers[recs.class(i)]; tree.Size(m.Name) == 4*wholeSize && n != 0 {
			t.Errorf("the files that save most are in portion %d, want the first", n)
		}
	}
}
