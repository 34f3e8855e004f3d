package decide

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// TestOrder: what frees most comes first, then what is stored twice most, then what is
// largest, then the first path; what is settled is no part of the plan.
func TestOrder(t *testing.T) {
	dir := t.TempDir()
	list := map[string]worth{
		"f": {frees: 9},
		"e": {frees: 1, redundant: 9},
		"d": {frees: 1, redundant: 8, size: 9},
		"b": {frees: 1, redundant: 8, size: 1},
		"c": {frees: 1, redundant: 8, size: 1},
		"a": {frees: 99, settled: true},
	}
	for name := range list {
		put(t, dir, name+"/1", "set "+name, 100)
		put(t, dir, name+"/2", "set "+name, 100)
	}
	res := find(t, dir, scan.Root{Path: "."})
	worths := make([]worth, len(res.Sets))
	first := func(set int) string { return filepath.Base(filepath.Dir(res.Tree.Path(res.Sets[set].Members[0].Name))) }
	for i := range worths {
		worths[i] = list[first(i)]
	}
	plan := &Plan{result: res}
	plan.sort(worths)
	var got []string
	for _, i := range plan.order {
		got = append(got, first(int(i)))
	}
	if want := []string{"f", "e", "d", "b", "c"}; !slices.Equal(got, want) {
		t.Errorf("order %q, want %q", got, want)
	}
}

// TestRedundant: all but the smallest is stored more than once, but for what shares the
// keeper's blocks already.
func TestRedundant(t *testing.T) {
	inode := func(allocated int64, reason string) InodePlan {
		return InodePlan{Facts: scan.Facts{Allocated: allocated}, Reason: reason}
	}
	for i, c := range []struct {
		inodes []InodePlan
		want   int64
	}{
		{[]InodePlan{inode(8, ""), inode(8, "")}, 8},
		{[]InodePlan{inode(0, ""), inode(2, "")}, 5},   // of holes: the size counts
		{[]InodePlan{inode(9, ""), inode(16, "")}, 16}, // of whole blocks
		{[]InodePlan{inode(8, ""), inode(8, HoldShared), inode(8, "")}, 8},
		{[]InodePlan{inode(8, ""), inode(8, HoldShared)}, 0},
		{[]InodePlan{inode(8, ""), inode(8, HoldReference)}, 8},
	} {
		if got := redundant(&SetPlan{Set: &hash.Set{Size: 5}, Inodes: c.inodes}); got != c.want {
			t.Error(fmt.Sprint(i, ": "), got, ", want ", c.want)
		}
	}
}

// TestPriceOfLinkLimit: what each rule holds back is asked for files that differ alone, not for
// those that are too many for one inode.
func TestPriceOfLinkLimit(t *testing.T) {
	const files = 200
	dir := t.TempDir()
	for i := range files {
		put(t, dir, fmt.Sprint(i), "same", int64(i))
	}
	res := find(t, dir, scan.Root{})
	decided := func(limit uint32) float64 {
		policy := Policy{Match: MatchDefault, MaxLinks: limit}
		return testing.AllocsPerRun(5, func() { planOf(res, policy, nil) })
	}
	if all, parts := decided(0), decided(20); parts > all+20 {
		t.Errorf("%.0f allocations for a set in parts, %.0f for one", parts, all)
	}
}
