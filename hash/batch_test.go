package hash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/oneinode/oneinode/hash/ring"
	"github.com/oneinode/oneinode/scan"
)

// searched searches a tree that nobody changes, as Find does but for what prepare
// changes.
func searched(t *testing.T, root string, prepare func(*search)) {
	t.Helper()
	tree := scanned(t, root)
	s := newSearch(tree, Options{Digests: true}, ring.Available())
	s.opts.OnSkip = func(k scan.Skip) { t.Errorf("skipped %+v", k) }
	prepare(s)
	res, err := s.find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := pathsOf(res), oracle(t, tree); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestReadTogether: the answer is the same whether files are read together or one by
// one, however many at a time.
func TestReadTogether(t *testing.T) {
	root := planted(t, randomFiles(rand.New(rand.NewPCG(5, 6))))
	for _, batch := range []int{1, 2, 7, batchFiles} {
		for _, rings := range []bool{false, true} {
			t.Run(fmt.Sprint(batch, rings), func(t *testing.T) {
				searched(t, root, func(s *search) { s.batch, s.rings = batch, rings && s.rings })
			})
		}
	}
}

// TestAbandonedRing: a ring that fails costs nothing but time, and the buffer that it
// may still write to is not used again.
func TestAbandonedRing(t *testing.T) {
	broken, err := ring.New(batchFiles)
	if err != nil {
		t.Skipf("no io_uring here: %v", err)
	}
	broken.Close()
	list := files{}
	for i := range 50 {
		list[fmt.Sprint(i)] = fmt.Appendf(nil, "%04d", i/2)
	}
	s := newSearch(scanned(t, planted(t, list)), Options{}, true)
	recs := newRecords(s.tree, s.groups)
	r := s.newReader()
	defer r.close()
	r.ring = broken
	old := &r.room()[0]
	done := 0
	r.firstOf(t.Context(), 0, len(recs.members), recs.at, func(k int, ok bool) {
		if !ok {
			t.Errorf("%s is left out", s.tree.Path(recs.members[k].Name))
		}
		done++
	})
	if done != len(list) || r.rings || r.ring != nil || &r.room()[0] == old {
		t.Errorf("%d files, ring %v", done, r.ring)
	}
	if spans := recs.gather(); len(spans) != 25 || slices.ContainsFunc(spans, func(sp span) bool { return sp.len() != 2 }) {
		t.Errorf("%v, want 25 pairs", spans)
	}
}

// TestThrottledReadsAlone: a file is not opened, and no writer of it kept waiting, while
// the search waits for leave to read another one.
func TestThrottledReadsAlone(t *testing.T) {
	tree := scanned(t, planted(t, files{"a": []byte("same"), "b": []byte("same")}))
	opts := Options{Throttle: func(context.Context, int64) error { return nil }}
	if s := newSearch(tree, opts, true); s.batch != 1 || s.rings {
		t.Errorf("%d files at a time, together: %v", s.batch, s.rings)
	}
	if s := newSearch(tree, Options{}, true); s.batch != batchFiles || !s.rings {
		t.Errorf("without a limit %d files at a time, together: %v", s.batch, s.rings)
	}
}
