package scan

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestDivide: parts are what they were together, and none ends within an inode.
func TestDivide(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 1))
	for range 500 {
		var list []sharedName
		for len(list) < rnd.IntN(40) {
			for range 1 + rnd.IntN(12) {
				list = append(list, sharedName{ino: uint64(len(list)), name: Name(len(list))})
				list[len(list)-1].ino = list[max(0, len(list)-1-rnd.IntN(2))].ino
			}
		}
		n := 1 + rnd.IntN(5)
		parts := divide(list, n)
		if got := slices.Concat(parts...); !slices.Equal(got, list) || len(parts) > n {
			t.Fatalf("%d parts of %v: %v", n, list, parts)
		}
		for i := 1; i < len(parts); i++ {
			if last := parts[i-1][len(parts[i-1])-1]; last.sameInode(parts[i][0]) {
				t.Fatalf("%v and %v are of one inode", last, parts[i][0])
			}
		}
	}
}

// TestSameInode: inode numbers are those of a device.
func TestSameInode(t *testing.T) {
	a := sharedName{dev: 1, ino: 2, name: 3}
	if !a.sameInode(sharedName{dev: 1, ino: 2, name: 4, domain: 5}) {
		t.Error("two names of one inode")
	}
	for _, b := range []sharedName{{dev: 2, ino: 2}, {dev: 1, ino: 3}} {
		if a.sameInode(b) {
			t.Errorf("%+v is another one", b)
		}
	}
}

// A name that moved in its directory while that was listed is met twice. It is one name: the
// inode has others, outside.
func TestNameMetTwice(t *testing.T) {
	s := newScanner([]Root{{Path: t.TempDir()}}, Options{})
	must(t, s.checkRoots(t.Context()))
	w := s.walkers[0]
	w.visit(s.start(false)[0])
	for _, name := range []string{"moved", "still", "moved"} {
		w.take(w.at.dir, []byte(name), &Stat{ID: ID{w.at.domain.dev, 7}, Links: 3, Size: 1})
	}
	must(t, s.finish())
	defer s.tree.Close()
	for n := range Name(3) {
		var bases []string
		for _, l := range s.tree.Links(nil, n) {
			bases = append(bases, string(s.tree.Base(l)))
		}
		if !slices.Equal(bases, []string{"moved", "still"}) {
			t.Errorf("%s has the names %v", s.tree.Base(n), bases)
		}
	}
}
