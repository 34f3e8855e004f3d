package report

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestMergeLaterLook: of an inode that two scans met the later look holds, with the names
// and the decision that there are already.
func TestMergeLaterLook(t *testing.T) {
	for name, c := range map[string]struct {
		first, second int64 // ctimes
		want          int64 // bytes allocated
	}{"the second is later": {1, 2, 8192}, "the first is later": {2, 1, 4096}, "both are one": {1, 1, 4096}} {
		a := small("h", "/a", 1, node(1, ActionKeep, 1, "k"), node(2, ActionLink, 3, "x"))
		b := small("h", "/a", 1, node(1, ActionKeep, 1, "k"), node(2, ActionKeep, 3, "x", "y"))
		a.sets[0].Inodes[1].Ctime, b.sets[0].Inodes[1].Ctime = TimeOf(time.Unix(c.first, 0)), TimeOf(time.Unix(c.second, 0))
		b.sets[0].Inodes[1].Allocated = 8192
		got := merged(t, a, b)
		if len(got.sets) != 1 || len(got.sets[0].Inodes) != 2 {
			t.Fatalf("%s: %+v", name, got.sets)
		}
		in := got.sets[0].Inodes[1]
		if in.Allocated != c.want || in.Action != ActionLink || len(in.Paths) != 2 || in.NamesOutside != 1 {
			t.Errorf("%s: %+v", name, in)
		}
	}
}

// TestAddUnfit: what several scans could not place is added up, whichever of them had any.
func TestAddUnfit(t *testing.T) {
	unfit := func(n int64, paths ...string) Unfit {
		u := Unfit{Names: n}
		for _, p := range paths {
			u.Examples = append(u.Examples, NewPath(p))
		}
		return u
	}
	a := map[string]Unfit{"vfat": unfit(2, "/a")}
	b := map[string]Unfit{"vfat": unfit(3, "/b"), "ext4": unfit(1, "/c")}
	for i, c := range []struct{ to, from, want map[string]Unfit }{
		{a, nil, a},
		{nil, b, b},
		{nil, nil, nil},
		{a, b, map[string]Unfit{"vfat": unfit(5, "/a", "/b"), "ext4": unfit(1, "/c")}},
	} {
		if got := addUnfit(c.to, c.from); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%d: %+v, want %+v", i, got, c.want)
		}
	}
	if a["vfat"].Names != 2 {
		t.Error("the first scan was changed")
	}
}

// TestMetricsComplete: a run that was stopped is not complete, though there is something
// to tell of it.
func TestMetricsComplete(t *testing.T) {
	for doc, want := range map[*Document]string{{Run: Run{Complete: true}}: "oneinode_complete 1\n", {}: "oneinode_complete 0\n", nil: "oneinode_complete 0\n"} {
		g := &gauges{}
		g.run(doc, Ended{}, 0)
		if got := g.out.String(); !strings.Contains(got, want) {
			t.Errorf("%+v: no %q in\n%s", doc, want, got)
		}
	}
}
