package decide

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// told lists the decision about the only set as "path > path" for each name that
// is replaced, and "path = reason" for each inode that is held; sorted.
func told(t testing.TB, dir string, res *hash.Result, policy Policy) (lines []string, sp SetPlan) {
	t.Helper()
	if len(res.Sets) != 1 {
		t.Fatalf("%d sets, want 1", len(res.Sets))
	}
	sp = decide(res, &res.Sets[0], policy, nil, new(room))
	short := func(n scan.Name) string {
		path, _ := filepath.Rel(dir, res.Tree.Path(n))
		return path
	}
	for _, ip := range sp.Inodes {
		for _, n := range ip.Replace {
			lines = append(lines, short(n)+" > "+short(sp.Inodes[ip.To].Names[0]))
		}
		if ip.Action == ActHold {
			lines = append(lines, short(ip.Names[0])+" = "+ip.Reason)
		}
	}
	slices.Sort(lines)
	return lines, sp
}

func want(t testing.TB, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("decided %q\n   want %q", got, want)
	}
}

// TestKeeperRules: each word of --keep, and what decides where it does not.
func TestKeeperRules(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "one/d", "same", 300)
	put(t, dir, "two/c", "same", 100)
	put(t, dir, "two/b", "same", 400, "two/b2")
	put(t, dir, "one/a", "same", 400, "one/a2")
	for keep, keeper := range map[Keep]string{
		KeepMostLinks: "one/a", // as many links and as old as two/b: path order
		KeepOldest:    "two/c",
		KeepNewest:    "one/a", // as young as two/b
		KeepFirst:     "two/b", // of the PATH that was given first, the first path
	} {
		res := find(t, dir, scan.Root{Path: "two"}, scan.Root{Path: "one"})
		_, sp := told(t, dir, res, Policy{Match: MatchNone, Keep: keep})
		for i, ip := range sp.Inodes {
			path, _ := filepath.Rel(dir, res.Tree.Path(ip.Names[0]))
			if (path == keeper) != (ip.Action == ActKeep) {
				t.Errorf("keep %v: inode %d, %s, has action %d; want %s to stay", keep, i, path, ip.Action, keeper)
			}
		}
	}
}

// TestReference: what is under a reference is never replaced and preferred as keeper.
func TestReference(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "ref/x", "same", 900)
	put(t, dir, "ref/y", "same", 800, "own/y2")
	put(t, dir, "own/a", "same", 100, "own/a2", "own/a3")
	res := find(t, dir, scan.Root{Path: "own"}, scan.Root{Path: "ref", Protected: true})
	got, sp := told(t, dir, res, Policy{Match: MatchNone})
	// y has two links and is the keeper; x lies under the reference as well.
	want(t, got, "own/a > own/y2", "own/a2 > own/y2", "own/a3 > own/y2", "ref/x = "+HoldReference)
	if sp.Reclaimable != sp.Inodes[indexOf(t, res, &sp, filepath.Join(dir, "own/a"))].Allocated {
		t.Errorf("%d bytes reclaimable", sp.Reclaimable)
	}
}

// TestSharedElse: blocks that others use, too, do not become free with a file; where none
// do, the reason is told.
func TestSharedElse(t *testing.T) {
	for _, c := range []struct {
		allocated, shared, frees int64
		reason                   string
	}{
		{8192, 0, 8192, ""}, {8192, 4096, 4096, ""}, {8192, 8192, 0, HoldSharedElse},
		{4096, 8192, 0, HoldSharedElse}, {0, 0, 0, ""},
	} {
		ip := InodePlan{Facts: scan.Facts{Allocated: c.allocated}, Layout: Layout{Shared: c.shared}}
		(&decider{}).link(nil, &ip, 0)
		if ip.Frees != c.frees || ip.Reason != c.reason {
			t.Errorf("%+v: frees %d, %q", c, ip.Frees, ip.Reason)
		}
	}
}

// TestReferencePartly: an inode that has names inside and outside of a reference keeps
// all of them, since nothing would become free.
func TestReferencePartly(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "ref/x", "same", 100, "ref/x2", "ref/x3")
	put(t, dir, "ref/y", "same", 800, "own/y2")
	res := find(t, dir, scan.Root{Path: "own"}, scan.Root{Path: "ref", Protected: true})
	got, sp := told(t, dir, res, Policy{Match: MatchNone})
	want(t, got, "own/y2 = "+HoldProtected)
	if sp.Reclaimable != 0 {
		t.Errorf("%d bytes", sp.Reclaimable)
	}
}

func indexOf(t testing.TB, res *hash.Result, sp *SetPlan, path string) int {
	t.Helper()
	for i, ip := range sp.Inodes {
		for _, n := range ip.Names {
			if res.Tree.Path(n) == path {
				return i
			}
		}
	}
	t.Fatalf("%s is not in the set", path)
	return -1
}

// TestAcrossOnly: copies inside one PATH stay.
func TestAcrossOnly(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "one/a", "same", 100)
	put(t, dir, "one/b", "same", 200)
	put(t, dir, "two/c", "same", 300)
	res := find(t, dir, scan.Root{Path: "one"}, scan.Root{Path: "two"})
	got, _ := told(t, dir, res, Policy{Match: MatchNone, AcrossOnly: true})
	want(t, got, "one/b = "+HoldAcross, "two/c > one/a")
	got, _ = told(t, dir, find(t, dir, scan.Root{Path: "one"}), Policy{Match: MatchNone, AcrossOnly: true})
	want(t, got, "one/b = "+HoldAcross)
}

// TestAcrossPartly: an inode with a name inside the keeper's PATH keeps those across
// from it, too.
func TestAcrossPartly(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "one/a", "same", 100, "one/a2", "one/a3")
	put(t, dir, "one/b", "same", 200, "two/b2")
	res := find(t, dir, scan.Root{Path: "one"}, scan.Root{Path: "two"})
	got, sp := told(t, dir, res, Policy{Match: MatchNone, AcrossOnly: true})
	want(t, got, "one/b = "+HoldPartly)
	if sp.Reclaimable != 0 {
		t.Errorf("%d bytes reclaimable though a name remains", sp.Reclaimable)
	}
}

// TestNamesOutside: an inode with names that the scan did not meet frees nothing.
func TestNamesOutside(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "in/a", "same", 100, "in/a2", "in/a3")
	put(t, dir, "in/b", "same", 200, "out/b2")
	put(t, dir, "in/c", "same", 300)
	res := find(t, dir, scan.Root{Path: "in"})
	got, sp := told(t, dir, res, Policy{Match: MatchNone})
	want(t, got, "in/b > in/a", "in/c > in/a")
	b, c := sp.Inodes[indexOf(t, res, &sp, filepath.Join(dir, "in/b"))], sp.Inodes[indexOf(t, res, &sp, filepath.Join(dir, "in/c"))]
	if b.Frees != 0 || b.Outside != 1 || b.Reason != HoldOutside || c.Frees != c.Allocated || c.Allocated == 0 || sp.Reclaimable != c.Frees {
		t.Errorf("b %+v\nc %+v\n%d reclaimable", b, c, sp.Reclaimable)
	}
}

// TestLinkLimitDecides: a keeper that is full hands over to the next inode, an inode is
// moved whole or not at all, room that is left is used, and the limit is told as the reason.
func TestLinkLimitDecides(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a", "same", 100, "a2")
	put(t, dir, "b", "same", 200, "b2")
	put(t, dir, "c", "same", 300)
	put(t, dir, "d", "same", 400)
	res := find(t, dir, scan.Root{Path: "."})
	got, _ := told(t, dir, res, Policy{Match: MatchNone, MaxLinks: 4})
	want(t, got, "b > a", "b2 > a", "d > c")
	got, sp := told(t, dir, res, Policy{Match: MatchNone, MaxLinks: 3})
	want(t, got, "c > a", "d > b") // no room for both names of b beside those of a
	b := indexOf(t, res, &sp, filepath.Join(dir, "b"))
	if ip := &sp.Inodes[b]; ip.Action != ActKeep || ip.Reason != HoldLinkLimit {
		t.Errorf("b: %d, %q", ip.Action, ip.Reason)
	}
	got, _ = told(t, dir, res, Policy{Match: MatchNone, MaxLinks: 1})
	want(t, got, "b = "+HoldLinkLimit, "c = "+HoldLinkLimit, "d = "+HoldLinkLimit)
	d := decider{tree: res.Tree, limit: Policy{}.linkLimit("ext4")}
	full := decide(res, &res.Sets[0], Policy{Match: MatchNone, MaxLinks: 1}, nil, new(room)).Inodes
	for i := range full { // as full as ext4 lets an inode be
		full[i].Links = 64999
	}
	d.assign(full, count(len(full)))
	for _, ip := range full {
		if len(ip.Replace) > 1 {
			t.Errorf("%d names to an inode with room for one", len(ip.Replace))
		}
	}
}

// TestLinkLimitFills: however many keepers have some room left, it is used.
func TestLinkLimitFills(t *testing.T) {
	dir := t.TempDir()
	for i := range 200 {
		put(t, dir, fmt.Sprint("two/", i), "same", 100, fmt.Sprint("two/", i, "b"))
		put(t, dir, fmt.Sprint("one/", i), "same", 100)
	}
	got := planOf(find(t, dir, scan.Root{Path: "."}), Policy{MaxLinks: 3}, nil).Totals()
	if got.Replacements != 200 || got.Limited[HoldLinkLimit] != 199 {
		t.Errorf("%+v, want each of 200 to go to another", got)
	}
}

// TestLimitsKeepApart: inodes that other projects keep from being linked are counted, whether
// they are alone there or not.
func TestLimitsKeepApart(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{"five/a", "five/b", "five/c", "six/a", "six/b", "none/a"} {
		put(t, dir, path, "same", 100)
	}
	res := find(t, dir, scan.Root{Path: "."})
	layouts := &Layouts{Projects: map[scan.Dir]uint32{}}
	for n := scan.Name(0); int(n) < res.Tree.Len(); n++ {
		layouts.Projects[res.Tree.Dir(n)] = map[string]uint32{"five": 5, "six": 6}[filepath.Base(filepath.Dir(res.Tree.Path(n)))]
	}
	got := planOf(res, Policy{}, layouts).Totals()
	if got.Replacements != 3 || got.Limited["differs in project"] != 2 {
		t.Errorf("%+v, want three links within projects, and two inodes that these keep", got)
	}
}

// TestPlanStops: after a signal no further sets are decided.
func TestPlanStops(t *testing.T) {
	dir := t.TempDir()
	for i := range 9 {
		put(t, dir, fmt.Sprint("a", i), fmt.Sprint("same", i), 100)
		put(t, dir, fmt.Sprint("b", i), fmt.Sprint("same", i), 100)
	}
	res := find(t, dir, scan.Root{Path: "."})
	ctx, cancel := context.WithCancel(t.Context())
	p := &Plan{result: res}
	if p.survey(ctx); p.totals.Sets != 9 {
		t.Errorf("%d sets are decided", p.totals.Sets)
	}
	cancel()
	p = &Plan{result: res}
	if p.survey(ctx); p.totals.Sets != 0 {
		t.Errorf("%d sets are decided after the end", p.totals.Sets)
	}
	if _, err := NewPlan(ctx, res, Policy{}, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestPriceList: what a rule holds back is told for each rule alone, and what only several
// together hold back for those.
func TestPriceList(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a", "same", 100)
	put(t, dir, "b", "same", 200)
	check(t, os.Chmod(filepath.Join(dir, "b"), 0o600))
	put(t, dir, "c", "other", 100)
	put(t, dir, "d", "other", 100)
	put(t, dir, "both/e", "third!", 100)
	put(t, dir, "both/f", "third!", 200)
	check(t, os.Chmod(filepath.Join(dir, "both/f"), 0o600))
	res := find(t, dir, scan.Root{Path: "."})
	block := res.Facts(res.Sets[0].Members[0]).Allocated
	plan := planOf(res, Policy{Match: MatchDefault}, nil)
	held := plan.Totals().Held
	if len(held) != 1 || held[0] != (Held{Rule: "mode", Bytes: 2 * block, Sets: 2}) || plan.Totals().Reclaimable != block {
		t.Errorf("%+v, %d reclaimable; a block has %d", held, plan.Totals().Reclaimable, block)
	}
	// Two pairs differ in two rules: neither alone holds them back.
	plan = planOf(res, Policy{Match: MatchMode | MatchMtime | MatchOwner}, nil)
	if held := plan.Totals().Held; len(held) != 1 || held[0] != (Held{Rule: "mode,mtime", Bytes: 2 * block, Sets: 2}) {
		t.Errorf("%+v", held)
	}
	// What one rule frees is not told again for several.
	put(t, dir, "both/g", "third!", 200)
	res = find(t, dir, scan.Root{Path: "."})
	plan = planOf(res, Policy{Match: MatchMode | MatchMtime}, nil)
	if held := plan.Totals().Held; !slices.Equal(held, []Held{
		{"mode", block, 1}, {"mtime", block, 1}, {"mode,mtime", block, 1},
	}) {
		t.Errorf("%+v", held)
	}
	if held := planOf(res, Policy{Match: MatchNone}, nil).Totals().Held; len(held) != 0 {
		t.Errorf("no rule, but held back: %+v", held)
	}
}

// TestRedundantHoles: what a hole stands for is stored nowhere.
func TestRedundantHoles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "c"} {
		put(t, dir, name, "same", 1)
		check(t, os.Truncate(filepath.Join(dir, name), 1<<25))
	}
	plan := planOf(find(t, dir, scan.Root{Path: "."}), Policy{}, nil)
	if got := plan.Totals(); got.Redundant != got.Reclaimable || got.Redundant > 1<<20 {
		t.Errorf("%d redundant, %d reclaimable", got.Redundant, got.Reclaimable)
	}
}

// TestPlanOrder: the biggest savings come first.
func TestPlanOrder(t *testing.T) {
	dir := t.TempDir()
	for i, n := range []int{5_000, 50_000, 20_000} {
		for k := range 2 {
			put(t, dir, fmt.Sprintf("%d-%d", i, k), string(make([]byte, n)), 1)
		}
	}
	last := int64(1 << 62)
	for sp := range planOf(find(t, dir, scan.Root{Path: "."}), Policy{}, nil).Sets() {
		if sp.Reclaimable > last {
			t.Errorf("%d bytes after %d", sp.Reclaimable, last)
		}
		last = sp.Reclaimable
	}
}

// TestDecideProperties: whatever the tree and the policy, each name is replaced
// at most once, by an inode that stays; nothing protected is; no inode gets more
// links than it may, and what becomes one agrees in what must match.
func TestDecideProperties(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	for trial := range 25 {
		dir := t.TempDir()
		randomTree(t, dir, random)
		res := find(t, dir, scan.Root{Path: "r0"}, scan.Root{Path: "r1"}, scan.Root{Path: "ref", Protected: true}, scan.Root{Path: "r2"})
		for range 60 {
			policy := Policy{
				Match: Match(random.UintN(uint(MatchAll) + 1)), Keep: Keep(random.IntN(4)),
				AcrossOnly: random.IntN(3) == 0, MaxLinks: uint32(random.IntN(12)),
			}
			plan := planOf(res, policy, nil)
			properties(t, res, plan)
			roomy(t, plan)
			if t.Failed() {
				t.Fatalf("seed %d, trial %d, policy %+v", seed, trial, policy)
			}
		}
	}
}

// roomy: a decision does not depend on what was decided before in its room, and the plans
// that Sets yields share none.
func roomy(t *testing.T, plan *Plan) {
	t.Helper()
	var used room
	for i := range plan.result.Sets {
		if got, want := plan.set(i, &used), plan.set(i, new(room)); !reflect.DeepEqual(got, want) {
			t.Errorf("in a used room %+v, in a fresh one %+v", got, want)
		}
	}
	text := func(sp *SetPlan) string { return fmt.Sprintf("%+v", sp.Inodes) }
	kept := slices.Collect(plan.Sets())
	at := 0
	for want := range MapSets(plan, text) {
		if got := text(&kept[at]); got != want {
			t.Errorf("kept %s, was %s", got, want)
		}
		at++
	}
}

// TestDecideInPlace: who goes through many sets makes little garbage.
func TestDecideInPlace(t *testing.T) {
	const sets = 500
	dir := t.TempDir()
	for i := range 2 * sets {
		put(t, dir, fmt.Sprint(i), fmt.Sprint("content ", i/2), 1)
	}
	plan := planOf(find(t, dir, scan.Root{Path: "."}), Policy{Match: MatchDefault}, nil)
	allocs := testing.AllocsPerRun(3, func() {
		for range MapSets(plan, func(sp *SetPlan) int64 { return sp.Reclaimable }) {
		}
	})
	t.Logf("%.1f allocations a set", allocs/sets)
	if allocs/sets > 5 {
		t.Error("more than five")
	}
}

func randomTree(t testing.TB, dir string, random *rand.Rand) {
	t.Helper()
	roots := []string{"r0", "r1", "r2", "ref", "outside"}
	for _, r := range roots {
		check(t, os.Mkdir(filepath.Join(dir, r), 0o755))
	}
	name := func(i int) string {
		return fmt.Sprintf("%s/%d-%d", roots[random.IntN(len(roots))], i, random.IntN(1000000))
	}
	for i := range 30 {
		var links []string
		for range random.IntN(8) / 3 {
			links = append(links, name(i))
		}
		path := name(i)
		put(t, dir, path, fmt.Sprint("content ", random.IntN(3)), int64(random.IntN(3)), links...)
		check(t, os.Chmod(filepath.Join(dir, path), os.FileMode(0o600+random.IntN(2)*0o44)))
	}
}

func properties(t testing.TB, res *hash.Result, plan *Plan) {
	t.Helper()
	tree, policy := res.Tree, plan.policy
	replaced := map[scan.Name]bool{}
	var sum, names int64
	for sp := range plan.Sets() {
		links := map[int]uint32{}
		for i, ip := range sp.Inodes {
			if (ip.Action == ActLink) != (len(ip.Replace) > 0) {
				t.Errorf("action %d with %d names", ip.Action, len(ip.Replace))
			}
			sum += ip.Frees
			for _, n := range ip.Replace {
				names++
				links[ip.To]++
				keeper := &sp.Inodes[ip.To]
				switch {
				case replaced[n]:
					t.Errorf("%s is replaced twice", tree.Path(n))
				case tree.Protected(n):
					t.Errorf("%s is protected and replaced", tree.Path(n))
				case keeper.Action == ActLink || ip.To == i:
					t.Errorf("%s goes to an inode that does not stay", tree.Path(n))
				case !slices.Contains(ip.Names, n):
					t.Errorf("%s is no name of its inode", tree.Path(n))
				case policy.AcrossOnly && !slices.ContainsFunc(keeper.Names, func(k scan.Name) bool { return tree.Root(k) < tree.Root(n) || tree.Protected(k) }):
					t.Errorf("%s: its keeper is in no earlier PATH", tree.Path(n))
				}
				replaced[n] = true
			}
			if ip.Frees > 0 && (len(ip.Replace) < int(ip.Links) || ip.Frees != ip.Allocated) {
				t.Errorf("%d bytes free with %d of %d names replaced", ip.Frees, len(ip.Replace), ip.Links)
			}
			if ip.Action == ActLink {
				k := keyOf(policy, res.Attrs(ip.Member), &sp.Inodes[i], i, tree)
				if k != keyOf(policy, res.Attrs(sp.Inodes[ip.To].Member), &sp.Inodes[ip.To], i, tree) {
					t.Errorf("%s becomes one with what does not match", tree.Path(ip.Name))
				}
			}
		}
		for to, more := range links {
			if total := sp.Inodes[to].Links + more; policy.MaxLinks > 0 && total > policy.MaxLinks {
				t.Errorf("%d links, at most %d are allowed", total, policy.MaxLinks)
			}
		}
	}
	if got := plan.Totals(); got.Reclaimable != sum || got.Replacements != names || got.Redundant < sum {
		t.Errorf("totals %+v, but %d bytes and %d names", got, sum, names)
	}
}

// TestLinksAtLeast: an inode has at least as many links as names that were met.
func TestLinksAtLeast(t *testing.T) {
	ip := newInodePlan(hash.Member{}, scan.Facts{Links: 1}, []scan.Name{1, 2, 3})
	if ip.Links != 3 || ip.Outside != 0 {
		t.Errorf("%d links, %d outside", ip.Links, ip.Outside)
	}
}

// TestVacanciesStay: of many keepers with room, each of which is used up in turn, no other
// one is moved; and they stay in order.
func TestVacanciesStay(t *testing.T) {
	open := vacancies{}
	for place := range 4 {
		open.add(place, 2)
	}
	last := &open[3]
	for _, c := range []struct {
		at   int
		want vacancies
	}{
		{0, vacancies{{1, 0}, {2, 1}, {2, 2}, {2, 3}}},
		{0, vacancies{{2, 1}, {2, 2}, {2, 3}}},
		{0, vacancies{{1, 1}, {2, 2}, {2, 3}}},
		{1, vacancies{{1, 1}, {1, 2}, {2, 3}}},
	} {
		if open.shrink(c.at, 1); !slices.Equal(open, c.want) || &open[len(open)-1] != last {
			t.Fatalf("%v, want %v at their places", open, c.want)
		}
	}
	open.shrink(2, 2)
	open.add(4, 3)
	if open.shrink(2, 2); !slices.Equal(open, vacancies{{1, 1}, {1, 2}, {1, 4}}) {
		t.Errorf("%v", open)
	}
	open = vacancies{{1, 5}, {2, 3}}
	if open.shrink(1, 1); !slices.Equal(open, vacancies{{1, 3}, {1, 5}}) {
		t.Errorf("%v is not in order", open)
	}
}

func TestOutside(t *testing.T) {
	for _, c := range []struct {
		links uint32
		met   int
		want  uint32
	}{{1, 1, 0}, {3, 1, 2}, {3, 3, 0}, {1, 3, 0}, {0, 1, 0}, {1<<32 - 1, 1, 1<<32 - 2}} {
		if got := Outside(c.links, c.met); got != c.want {
			t.Errorf("%d links, %d met: %d, want %d", c.links, c.met, got, c.want)
		}
	}
}
