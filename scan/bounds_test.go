package scan

import (
	"sync/atomic"
	"testing"

	"github.com/bmatcuk/doublestar/v4"
	"golang.org/x/sys/unix"
)

// TestFits: both ends count as within.
func TestFits(t *testing.T) {
	for _, c := range []struct {
		min, max, size int64
		want           bool
	}{
		{2, 9, 1, false}, {2, 9, 2, true}, {2, 9, 9, true}, {2, 9, 10, false},
		{0, 0, 0, true}, {0, 0, 1 << 40, true}, // 0: no upper end
	} {
		s := &scanner{}
		s.opts.MinSize, s.opts.MaxSize = c.min, c.max
		if got := s.fits(&Stat{Size: c.size}); got != c.want {
			t.Errorf("%d in %d to %d: %v", c.size, c.min, c.max, got)
		}
	}
}

// TestHandlesAreBounded: a tree with many branches does not take all descriptors.
func TestHandlesAreBounded(t *testing.T) {
	var open atomic.Int32
	var list []*handle
	for range maxHandles {
		fd, err := unix.Dup(2)
		must(t, err)
		list = append(list, newHandle(fd, 1, &open, maxHandles))
	}
	if h := newHandle(-1, 1, &open, maxHandles); h != nil {
		t.Error("one more was given out")
	}
	for _, h := range list {
		if h == nil {
			t.Fatal("too few were given out")
		}
		h.drop()
	}
	if n := open.Load(); n != 0 {
		t.Errorf("%d count as open after the last one was closed", n)
	}
}

// TestPlainGlobs: those that need no matcher say what it would say.
func TestPlainGlobs(t *testing.T) {
	for _, glob := range []string{"*.go", "*", "a.go", "*go"} {
		for _, name := range []string{"a.go", ".go", "go", "a.go.bak", "ago", "x/a.go", "x/.go", ""} {
			var p patterns
			p.add(glob, false)
			if got, want := p.match(name, false), doublestar.MatchUnvalidated(glob, name); got != want || len(p.rest) > 0 {
				t.Errorf("%s and %q: %v, want %v", glob, name, got, want)
			}
		}
	}
}

// TestWalkersFitTheLimit: what walkers and waiting directories hold open leaves room for the
// rest of the program, however many walkers were asked for.
func TestWalkersFitTheLimit(t *testing.T) {
	for _, limit := range []int{16, 64, 256, 1024, 1 << 20} {
		if w, h := walkersWithin(1024, limit), int(handlesWithin(limit)); w < 1 || 2*w+h > limit/2 {
			t.Errorf("%d files: %d walkers, %d handles", limit, w, h)
		}
	}
	s := newScanner(nil, Options{Walkers: 1 << 12})
	if limit := OpenLimit(); len(s.walkers) != walkersWithin(1<<12, limit) || s.most != handlesWithin(limit) {
		t.Errorf("%d files: %d walkers, %d handles", limit, len(s.walkers), s.most)
	}
}
