package decide

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

var across = Policy{Match: MatchNone, AcrossOnly: true}

// relink does to a tree what the plan says, but for the names that leave is true of.
func relink(t *testing.T, res *hash.Result, policy Policy, leave func() bool) {
	t.Helper()
	for sp := range planOf(res, policy, nil).Sets() {
		for _, ip := range sp.Inodes {
			for _, n := range ip.Replace {
				if leave() {
					continue
				}
				path := res.Tree.Path(n)
				check(t, os.Remove(path))
				check(t, os.Link(res.Tree.Path(sp.Inodes[ip.To].Names[0]), path))
			}
		}
	}
}

func never() bool { return false }

// TestAcrossTwice: a run that links across PATHs gives its keepers names in several,
// and what lay inside one of them stays all the same; a later copy is linked.
func TestAcrossTwice(t *testing.T) {
	dir := t.TempDir()
	roots := []scan.Root{{Path: "one"}, {Path: "two"}}
	put(t, dir, "one/a", "same", 200)
	put(t, dir, "one/b", "same", 300)
	put(t, dir, "two/c", "same", 100)
	relink(t, find(t, dir, slices.Clone(roots)...), across, never)
	got, _ := told(t, dir, find(t, dir, slices.Clone(roots)...), across)
	want(t, got, "one/b = "+HoldAcross)
	put(t, dir, "two/d", "same", 400)
	got, _ = told(t, dir, find(t, dir, slices.Clone(roots)...), across)
	want(t, got, "one/b = "+HoldAcross, "two/d > one/a")
}

// TestAcrossInside: copies that all lie inside one PATH are no set, before a run and
// after it; what a rule holds back across is one.
func TestAcrossInside(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "one/a", "same", 100, "two/a2")
	put(t, dir, "one/b", "same", 200)
	check(t, os.Chmod(filepath.Join(dir, "one/b"), 0o600))
	check(t, os.Mkdir(filepath.Join(dir, "three"), 0o755))
	roots := func() []scan.Root { return []scan.Root{{Path: "one"}, {Path: "two"}, {Path: "three"}} }
	for match, rule := range map[Match]string{MatchNone: "", MatchMode: "mode"} {
		policy := Policy{Match: match, AcrossOnly: true}
		if got := planOf(find(t, dir, roots()...), policy, nil).Totals(); got.Sets != 0 || got.Redundant != 0 {
			t.Errorf("match %q: %+v", rule, got)
		}
	}
	put(t, dir, "three/c", "same", 300)
	check(t, os.Chmod(filepath.Join(dir, "three/c"), 0o640))
	if got := planOf(find(t, dir, roots()...), Policy{Match: MatchMode, AcrossOnly: true}, nil).Totals(); got.Sets != 1 {
		t.Errorf("held back by mode: %+v", got)
	}
}

// TestAcrossShared: what has come to share blocks across PATHs is settled, and so is what
// lies beside it in the first of them.
func TestAcrossShared(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "one/a", "same", 200)
	put(t, dir, "one/b", "same", 300)
	put(t, dir, "two/c", "same", 100)
	res := find(t, dir, scan.Root{Path: "one"}, scan.Root{Path: "two"})
	res.Tree.Filesystems()[0].Reflinks = true
	for place, want := range map[uint32][2]int64{3: {1, 1}, 1: {0, 0}} { // of c: its own, or that of a
		known := &Layouts{ByName: map[scan.Name]Layout{}}
		for _, m := range res.Sets[0].Members {
			at := map[string]uint32{"a": 1, "b": 2, "c": place}[string(res.Tree.Base(m.Name))]
			known.ByName[m.Name] = Layout{Place: at, Own: 4096}
		}
		got := planOf(res, Policy{Link: LinkReflink, AcrossOnly: true}, known).Totals()
		if got.Sets != want[0] || got.Replacements != want[1] {
			t.Errorf("c in place %d: %+v", place, got)
		}
	}
}

// TestAcrossStable: whatever the tree and the policy, a second run finds nothing to do,
// and a run that was stopped and begun again ends where one in one go does.
func TestAcrossStable(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	for range 30 {
		policy := Policy{Match: Match(random.UintN(uint(MatchAll) + 1)), Keep: Keep(random.IntN(4)), AcrossOnly: true}
		whole, parts := t.TempDir(), t.TempDir()
		for _, dir := range []string{whole, parts} {
			randomTree(t, dir, rand.New(rand.NewPCG(seed, 1))) // the same tree twice
		}
		relink(t, findRandom(t, whole), policy, never)
		relink(t, findRandom(t, parts), policy, func() bool { return random.IntN(2) == 0 })
		relink(t, findRandom(t, parts), policy, never)
		if n := planOf(findRandom(t, whole), policy, nil).Totals().Replacements; n != 0 {
			t.Errorf("seed %d, %+v: %d replacements in a second run", seed, policy, n)
		}
		if a, b := together(t, whole), together(t, parts); a != b {
			t.Errorf("seed %d, %+v: in one go\n%s\nin two\n%s", seed, policy, a, b)
		}
		seed++
	}
}

func findRandom(t *testing.T, dir string) *hash.Result {
	t.Helper()
	return find(t, dir, scan.Root{Path: "r0"}, scan.Root{Path: "r1"}, scan.Root{Path: "ref", Protected: true}, scan.Root{Path: "r2"})
}

// together tells which names below dir are one inode.
func together(t *testing.T, dir string) string {
	t.Helper()
	tree, err := scan.Scan(t.Context(), []scan.Root{{Path: dir}}, scan.Options{})
	check(t, err)
	defer tree.Close()
	var lines []string
	for n := range scan.Name(tree.Len()) {
		if tree.First(n) {
			var line strings.Builder
			for _, l := range tree.Links(nil, n) {
				line.WriteString(fmt.Sprint(" ", strings.TrimPrefix(tree.Path(l), dir)))
			}
			lines = append(lines, line.String())
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// TestAcrossLimit: at the link limit a part of an inode's names takes up no room that
// whole ones could use, and of keepers with equal room an earlier PATH's is found.
func TestAcrossLimit(t *testing.T) {
	dir := t.TempDir()
	roots := []scan.Root{{Path: "one"}, {Path: "two"}, {Path: "three"}}
	put(t, dir, "one/a", "same", 1, "one/a2", "one/a3")
	put(t, dir, "two/k", "same", 2)
	put(t, dir, "two/x", "same", 3, "three/x")
	put(t, dir, "three/y", "same", 4)
	put(t, dir, "three/z", "same", 5)
	policy := Policy{Match: MatchNone, Keep: KeepOldest, AcrossOnly: true, MaxLinks: 3}
	got, _ := told(t, dir, find(t, dir, slices.Clone(roots)...), policy)
	want(t, got, "three/y > three/x", "three/z > two/k") // whose first name is that of two/x

	dir = t.TempDir()
	put(t, dir, "one/a", "same", 1, "one/a2", "one/a3", "one/a4")
	put(t, dir, "two/k", "same", 2, "two/k2")
	put(t, dir, "three/l", "same", 3, "three/l2", "three/l3")
	put(t, dir, "three/p", "same", 4)
	put(t, dir, "three/q", "same", 5)
	policy.MaxLinks = 4
	got, _ = told(t, dir, find(t, dir, slices.Clone(roots)...), policy)
	want(t, got, "three/l = "+HoldLinkLimit, "three/p > two/k", "three/q > two/k")
}

// TestLimitStable: a second run finds nothing to do at the link limit, either.
func TestLimitStable(t *testing.T) {
	// Names that a kept file had got put it before the best one, which then took in a part of another's.
	limitIsStable(t, 1795694552135274095, Policy{Keep: KeepFirst, AcrossOnly: true, MaxLinks: 7})
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	for range 30 {
		limitIsStable(t, seed, Policy{Keep: Keep(random.IntN(4)), AcrossOnly: random.IntN(4) > 0, MaxLinks: uint32(2 + random.IntN(6))})
		seed++
	}
}

func limitIsStable(t *testing.T, seed uint64, policy Policy) {
	t.Helper()
	dir := t.TempDir()
	randomTree(t, dir, rand.New(rand.NewPCG(seed, 1)))
	relink(t, findRandom(t, dir), policy, never)
	if got := planOf(findRandom(t, dir), policy, nil).Totals(); got.Replacements != 0 {
		t.Errorf("seed %d, %+v: %+v in a second run", seed, policy, got)
	}
}

// TestLimitOutside: names outside count at the link limit, though they would stay. If not, the
// file that keeps others would go in the next run to one that has more links by then.
func TestLimitOutside(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "in/x", "same", 1, "out/1", "out/2", "out/3", "out/4")
	put(t, dir, "in/y", "same", 2, "in/y2", "in/y3")
	put(t, dir, "in/z", "same", 3, "in/z2", "in/z3")
	policy := Policy{MaxLinks: 7}
	relink(t, find(t, dir, scan.Root{Path: "in"}), policy, never)
	got, _ := told(t, dir, find(t, dir, scan.Root{Path: "in"}), policy)
	want(t, got, "in/x = "+HoldLinkLimit)
}

// TestAcrossManyNames: a name is judged without a walk over all names of the keeper, of
// which there may be 65,000, as of the other inode.
func TestAcrossManyNames(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "one/a", "same", 100, "one/a2", "two/a3")
	put(t, dir, "two/b", "same", 200, "two/b2")
	res := find(t, dir, scan.Root{Path: "one"}, scan.Root{Path: "two"})
	_, sp := told(t, dir, res, across)
	d := decider{tree: res.Tree, policy: across}
	keeper, other := sp.Inodes[0], sp.Inodes[1]
	if keeper.Action != ActKeep {
		keeper, other = other, keeper
	}
	keeper.Names = nil // a walk over them would find none
	if n := d.staying(&keeper, &other); n != 0 {
		t.Errorf("%d of 2 names are to stay", n)
	}
}

// TestAcrossInsideOne: the PATH that all inodes have names under need not be the first.
func TestAcrossInsideOne(t *testing.T) {
	tree := t.TempDir()
	put(t, tree, "one/a", "same", 100, "three/a2", "three/a3")
	put(t, tree, "two/b", "same", 200, "three/b2")
	put(t, tree, "three/c", "same", 300)
	for _, c := range []struct {
		without string
		inside  bool
	}{{"", true}, {"three/b2", false}} {
		if c.without != "" {
			check(t, os.Remove(filepath.Join(tree, c.without)))
		}
		res := find(t, tree, scan.Root{Path: "one"}, scan.Root{Path: "two"}, scan.Root{Path: "three"})
		if _, sp := told(t, tree, res, across); sp.inside != c.inside {
			t.Errorf("without %q: inside one PATH: %v", c.without, sp.inside)
		}
	}
}
