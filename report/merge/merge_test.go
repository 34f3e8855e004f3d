package merge

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/report/sample"
	"github.com/oneinode/oneinode/report/saved"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/scan"
)

// TestMergeLaterLook: of an inode that two scans met the later look holds, with the names
// and the decision that there are already.
func TestMergeLaterLook(t *testing.T) {
	for name, c := range map[string]struct {
		first, second int64 // ctimes
		want          int64 // bytes allocated
	}{"the second is later": {1, 2, 8192}, "the first is later": {2, 1, 4096}, "both are one": {1, 1, 4096}} {
		a := sample.OneSet("h", "/a", 1, sample.Inode(1, schema.ActionKeep, 1, "k"), sample.Inode(2, schema.ActionLink, 3, "x"))
		b := sample.OneSet("h", "/a", 1, sample.Inode(1, schema.ActionKeep, 1, "k"), sample.Inode(2, schema.ActionKeep, 3, "x", "y"))
		a.AllSets[0].Inodes[1].Ctime, b.AllSets[0].Inodes[1].Ctime = schema.TimeOf(time.Unix(c.first, 0)), schema.TimeOf(time.Unix(c.second, 0))
		b.AllSets[0].Inodes[1].Allocated = 8192
		got := merged(t, a, b)
		if len(got.AllSets) != 1 || len(got.AllSets[0].Inodes) != 2 {
			t.Fatalf("%s: %+v", name, got.AllSets)
		}
		in := got.AllSets[0].Inodes[1]
		if in.Allocated != c.want || in.Action != schema.ActionLink || len(in.Paths) != 2 || in.NamesOutside != 1 {
			t.Errorf("%s: %+v", name, in)
		}
	}
}

// TestMergeNames: an inode has no more names than its later look counted, none of which is still
// told as outside, and is dealt with for the reason of the decision that holds.
func TestMergeNames(t *testing.T) {
	inode := func(ctime schema.Time, action, reason string, links uint32, paths ...string) schema.Inode {
		in := sample.Inode(2, action, links, paths...)
		in.Ctime, in.Reason = ctime, cmp.Or(reason, in.Reason)
		return in
	}
	outside := func(in schema.Inode, paths ...string) schema.Inode {
		for _, p := range paths {
			in.OutsidePaths = append(in.OutsidePaths, schema.NewPath(p))
		}
		return in
	}
	link, hold := schema.ActionLink, schema.ActionHold
	for name, c := range map[string]struct {
		first, second schema.Inode
		want          string
	}{
		"renamed":           {inode(1, link, "", 1, "x"), inode(2, link, "", 1, "y"), `link "" [/a/y] of 1, outside []`},
		"renamed above":     {inode(1, link, "", 1, "d/x"), inode(1, link, "", 1, "e/x"), `link "" [/a/d/x] of 1, outside []`},
		"one of two":        {inode(1, link, "", 2, "x", "y"), inode(2, link, "", 2, "x", "z"), `link "" [/a/x /a/z] of 2, outside []`},
		"each found one":    {outside(inode(1, link, "", 2, "x"), "/a/y"), outside(inode(1, link, "", 2, "y"), "/a/x"), `link "" [/a/x /a/y] of 2, outside []`},
		"one is outside":    {outside(inode(1, link, "", 3, "x"), "/a/y", "/o"), outside(inode(1, link, "", 3, "y"), "/a/x", "/o"), `link "has names outside the given paths" [/a/x /a/y] of 3, outside [/o]`},
		"one came":          {inode(1, link, "", 1, "x"), inode(2, hold, "", 2, "x"), `link "has names outside the given paths" [/a/x] of 2, outside []`},
		"others may hold":   {inode(1, link, "", 1, "x"), inode(2, hold, "differs in mode", 1, "x"), `link "" [/a/x] of 1, outside []`},
		"others may link":   {inode(1, hold, "differs in mode", 1, "x"), inode(2, link, "", 1, "x"), `hold "differs in mode" [/a/x] of 1, outside []`},
		"links not counted": {inode(1, link, "", 0, "x"), inode(1, link, "", 0, "y"), `link "" [/a/x] of 0, outside []`},
	} {
		k := func() schema.Inode { return sample.Inode(1, schema.ActionKeep, 1, "/a/k") }
		in := merged(t, sample.OneSet("h", "/a", 1, k(), c.first), sample.OneSet("h", "/a", 1, k(), c.second)).AllSets[0].Inodes[1]
		if got := fmt.Sprintf("%s %q %s of %d, outside %s", in.Action, in.Reason, rawOf(in.Paths), in.Links, rawOf(in.OutsidePaths)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func rawOf(paths []schema.Path) []string {
	raw := []string{}
	for _, p := range paths {
		raw = append(raw, p.Raw())
	}
	return raw
}

// TestMergeLargeSets: inodes of a large set are looked up, and found as in a small one.
func TestMergeLargeSets(t *testing.T) {
	for _, n := range []int{indexed / 2, 3 * indexed} {
		var first, second []schema.Inode
		for i := range n {
			first = append(first, sample.Inode(uint64(i+1), schema.ActionLink, 1, fmt.Sprint("f", i)))
			second = append(second, sample.Inode(uint64(i+n/2+1), schema.ActionLink, 1, fmt.Sprint("f", i+n/2)))
		}
		a, b := sample.OneSet("h", "/a", 1, first...), sample.OneSet("h", "/a", 1, second...)
		m := newMerger()
		for _, src := range []schema.Source{a, b} {
			if err := m.add(src); err != nil {
				t.Fatal(err)
			}
		}
		isLarge := n > indexed
		if len(m.sets) != 1 || (len(m.index) == 1) != isLarge {
			t.Errorf("%d sets of %d, %d with an index", len(m.sets), n, len(m.index))
		}
		for _, s := range m.sets {
			if len(s.Inodes) != n+n/2 || len(s.Inodes[n-1].Paths) != 1 {
				t.Errorf("%d inodes of %d", len(s.Inodes), n+n/2)
			}
		}
	}
}

// TestAddUnfit: what several scans could not place is added up, whichever of them had any,
// with the first examples by path, each told once and as all paths of several scans.
func TestAddUnfit(t *testing.T) {
	unfit := func(n int64, paths ...string) schema.Unfit {
		u := schema.Unfit{Names: n}
		for _, p := range paths {
			u.Examples = append(u.Examples, schema.NewPath(p))
		}
		return u
	}
	a := map[string]schema.Unfit{"vfat": unfit(2, "/a")}
	b := map[string]schema.Unfit{"vfat": unfit(3, "/b"), "ext4": unfit(1, "/c")}
	many := map[string]schema.Unfit{"vfat": unfit(9, "x", "/a", "0", "./y", "/z", "/0")}
	for i, c := range []struct{ to, from, want map[string]schema.Unfit }{
		{a, nil, a},
		{nil, b, b},
		{nil, nil, nil},
		{a, b, map[string]schema.Unfit{"vfat": unfit(5, "/a", "/b"), "ext4": unfit(1, "/c")}},
		{a, many, map[string]schema.Unfit{"vfat": unfit(11, "/0", "/a", "/s/0", "/s/x", "/s/y")}},
	} {
		if got := (&merger{base: "/s"}).addUnfit(c.to, c.from); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%d: %+v, want %+v", i, got, c.want)
		}
	}
	if a["vfat"].Names != 2 {
		t.Error("the first scan was changed")
	}
}

// TestMergeOverlap: scans whose PATHs overlap say so, since some of their sums count
// twice what both met.
func TestMergeOverlap(t *testing.T) {
	scan := func(host, base string, roots ...string) *schema.Loaded {
		s := sample.OneSet(host, base, 1, sample.Inode(1, schema.ActionKeep, 1, "k"), sample.Inode(2, schema.ActionLink, 1, "x"))
		s.Doc.Run.Roots = nil
		for _, r := range roots {
			s.Doc.Run.Roots = append(s.Doc.Run.Roots, schema.Root{Path: schema.NewPath(r)})
		}
		return s
	}
	for name, c := range map[string]struct {
		a, b *schema.Loaded
		want bool
	}{
		"one lies in the other": {scan("h", "/a", "."), scan("h", "/a/b", "c/", "/d"), true},
		"the other way":         {scan("h", "/a/b", "/d", "./c"), scan("h", "/", "./a"), true},
		"the same twice":        {scan("h", "/a", "b"), scan("h", "/a/b", "."), true},
		"all of the machine":    {scan("h", "/a", "/"), scan("h", "/a", "b"), true},
		"beside each other":     {scan("h", "/a", "b"), scan("h", "/a", "bc", "d"), false},
		"inside of one scan":    {scan("h", "/a", ".", "./b"), scan("h", "/c", "."), false},
		"of another host":       {scan("h", "/a", "."), scan("i", "/a", "."), false},
	} {
		got := merged(t, c.a, c.b)
		again := merged(t, got, scan("z", "/z", "."))
		if got.Doc.Run.Overlap != c.want || again.Doc.Run.Overlap != c.want {
			t.Errorf("%s: %v, then %v", name, got.Doc.Run.Overlap, again.Doc.Run.Overlap)
		}
	}
}

// TestMergeCountsLimitedOnce: a file that two scans met stays once.
func TestMergeCountsLimitedOnce(t *testing.T) {
	scan := func(inode uint64) *schema.Loaded {
		s := sample.OneSet("h", "/a", 1, sample.Inode(1, schema.ActionKeep, 1, "k"), sample.Inode(2, schema.ActionHold, 1, "x"), sample.Inode(inode, schema.ActionKeep, 1, "y"), sample.Inode(9, schema.ActionLink, 1, "z"))
		for i := range s.AllSets[0].Inodes[1:] {
			s.AllSets[0].Inodes[i+1].Reason = "full" // of the last one as the run told it, which is no limit
		}
		s.Doc.Summary.Limited = map[string]int64{"full": 2}
		return s
	}
	if got := merged(t, scan(3), scan(4)).Doc.Summary.Limited; len(got) != 1 || got["full"] != 3 {
		t.Errorf("got %v", got)
	}
}

// TestMergeKeepsKeepers: the set of several scans has one keeper that is named for all, but
// each inode goes where its scan sent it, for it may not agree with any other; or farther,
// where another scan has that one linked.
func TestMergeKeepsKeepers(t *testing.T) {
	to := func(in schema.Inode, keeper, device uint64) schema.Inode {
		in.To, in.ToDevice = keeper, device
		return in
	}
	on := func(in schema.Inode, device uint64) schema.Inode {
		in.Device = device
		return in
	}
	first := sample.OneSet("h", "/a", 1, sample.Inode(1, schema.ActionKeep, 1, "k"), sample.Inode(2, schema.ActionLink, 1, "x"), sample.Inode(3, schema.ActionHold, 1, "h"), to(sample.Inode(4, schema.ActionLink, 1, "y"), 8, 2), on(sample.Inode(8, schema.ActionKeep, 1, "f"), 2))
	second := sample.OneSet("h", "/b", 1, sample.Inode(5, schema.ActionKeep, 1, "k"), sample.Inode(6, schema.ActionLink, 1, "x"), sample.Inode(4, schema.ActionLink, 1, "/a/y"))
	second.AllSets[0].Inodes[2].Ctime = 1 // the later look, but not the first decision
	third := sample.OneSet("h", "/c", 1, sample.Inode(2, schema.ActionKeep, 1, "/a/x"), sample.Inode(7, schema.ActionLink, 1, "y"))
	fourth := sample.OneSet("h", "/d", 1, sample.Inode(3, schema.ActionKeep, 1, "/a/h"), sample.Inode(9, schema.ActionLink, 1, "y"))
	astray := sample.OneSet("h", "/e", 1, sample.Inode(10, schema.ActionLink, 1, "y"), to(sample.Inode(11, schema.ActionLink, 1, "z"), 12, 0), to(sample.Inode(12, schema.ActionLink, 1, "w"), 11, 0))

	set := merged(t, first, second, third, fourth, astray).AllSets[0]
	want := map[uint64]scan.ID{2: idOf(1, 1), 4: idOf(2, 8), 6: idOf(1, 5), 7: idOf(1, 1), 9: idOf(1, 3)}
	for i := range set.Inodes {
		in := &set.Inodes[i]
		if id, isLinked := want[in.Inode]; isLinked && (in.Action != schema.ActionLink || set.KeeperID(in) != id) {
			t.Errorf("%d goes to %v, want %v", in.Inode, set.KeeperID(in), id)
		}
		if in.Inode == 3 && (in.Action != schema.ActionKeep || in.Reason != "") {
			t.Errorf("what others go to is held: %+v", in)
		}
	}
	if in := set.Inodes[1]; set.Keeper != 1 || in.To != 0 {
		t.Errorf("the keeper of the set is told with an inode: %+v", in)
	}
}

// TestMergeReclaimable: what the scans say of a set holds, unless several of them met one
// of its inodes. Then it is counted: not what others use too, and of files that are to
// share blocks also where names remain.
func TestMergeReclaimable(t *testing.T) {
	scan := func(base, link string, says int64, inodes ...schema.Inode) *schema.Loaded {
		s := sample.OneSet("h", base, 1, inodes...)
		s.Doc.Run.Link, s.AllSets[0].Link, s.AllSets[0].ReclaimableBytes = link, link, says
		return s
	}
	partly := sample.Inode(4, schema.ActionLink, 1, "p")
	partly.SharedBytes = 1024
	other := sample.Inode(5, schema.ActionLink, 3, "o")
	other.Reason = "" // names outside are none for a reflink
	k := sample.Inode(1, schema.ActionKeep, 1, "/k")
	for name, c := range map[string]struct {
		a, b *schema.Loaded
		want int64
	}{
		"of one scan":           {scan("/a", "", 5, k, sample.Inode(2, schema.ActionLink, 1, "x")), sample.OneSet("i", "/b", 1, k), 5},
		"of two":                {scan("/a", "", 5, k, sample.Inode(2, schema.ActionLink, 1, "x")), scan("/b", "", 7, sample.Inode(3, schema.ActionKeep, 1, "y"), partly), 12},
		"of two that met one":   {scan("/a", "", 5, k, sample.Inode(2, schema.ActionLink, 1, "x")), scan("/b", "", 7, k, partly), 4096 + 3072},
		"reflinks, of one scan": {scan("/a", "reflink", 5, k, other), sample.OneSet("i", "/b", 1, k), 5},
		"reflinks, of two":      {scan("/a", "reflink", 5, k, other), scan("/b", "reflink", 7, k, partly), 4096 + 3072},
	} {
		got := merged(t, c.a, c.b)
		if set := got.AllSets[0]; set.ReclaimableBytes != c.want || got.Doc.Summary.ReclaimableBytes != c.want {
			t.Errorf("%s: %d, in all %d, want %d", name, set.ReclaimableBytes, got.Doc.Summary.ReclaimableBytes, c.want)
		}
	}
	if got := (&schema.Set{Link: "reflink"}).Frees(&other); got != 4096 {
		t.Errorf("%d bytes become free", got)
	}
}

// TestMergeSpelling: a name that two scans spell differently is one name.
func TestMergeSpelling(t *testing.T) {
	for spelt, want := range map[string]string{"./a/./x": "/s/a/x", "a//x": "/s/a/x", "deep/../a/x": "/s/a/x", "/s/./a/x": "/s/a/x", "a/..x": "/s/a/..x"} {
		first := sample.OneSet("h", "/s", 1, sample.Inode(1, schema.ActionKeep, 1, "k"), sample.Inode(2, schema.ActionLink, 1, strings.TrimPrefix(want, "/s/")))
		second := sample.OneSet("h", "/s", 1, sample.Inode(1, schema.ActionKeep, 1, "k"), sample.Inode(2, schema.ActionLink, 1, spelt))
		got := merged(t, first, second)
		if paths := got.AllSets[0].Inodes[1].Paths; len(paths) != 1 || paths[0].Raw() != want || got.Doc.Summary.Replacements != 1 {
			t.Errorf("%s: %v, %d names to link", spelt, paths, got.Doc.Summary.Replacements)
		}
	}
	got := merged(t, sample.OneSet("h", "/s", 1, sample.Inode(1, schema.ActionKeep, 1, "./a/./b"), sample.Inode(2, schema.ActionLink, 1, "link/../x")), sample.OneSet("i", "/", 1, sample.Inode(1, schema.ActionKeep, 1, "./k"))).AllSets[0]
	if a, b := got.Inodes[0].Paths[0].Raw(), got.Inodes[1].Paths[0].Raw(); a != "/s/a/b" || b != "/s/link/../x" {
		t.Errorf("paths %s and %s", a, b)
	}
}

// fill sets every figure within v.
func fill(v reflect.Value, n int64) {
	switch v.Kind() {
	case reflect.Int64:
		v.SetInt(n)
	case reflect.Float64:
		v.SetFloat(float64(n))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		value := reflect.New(v.Type().Elem()).Elem()
		fill(value, n)
		v.SetMapIndex(reflect.ValueOf("x"), value)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(field, n)
		}
	}
}

// TestMergeSums: every figure of two scans is added up, but for those that the sets tell.
func TestMergeSums(t *testing.T) {
	var a, b, want schema.Summary
	for s, n := range map[*schema.Summary]int64{&a: 1, &b: 2, &want: 3} {
		fill(reflect.ValueOf(s).Elem(), n)
		s.Sets, s.DuplicateInodes, s.RedundantBytes, s.ReclaimableBytes, s.Replacements = 0, 0, 0, 0, 0
		s.PinnedInodes, s.PinnedBytes, s.Limited, s.Unfit = 0, 0, nil, nil
	}
	want.MaxLinks = 2 // of all inodes
	var got schema.Summary
	addUp(&got, &a)
	if addUp(&got, &b); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v %+v\nwant %+v %+v", got, got.Whole, want, want.Whole)
	}
	if a.Whole.Names != 1 || b.Whole.Names != 2 {
		t.Error("a scan was changed")
	}
	if addUp(&a, &schema.Summary{}); a.Whole == nil || a.Whole.Names != 1 {
		t.Errorf("with a scan that has no amounts: %+v", a.Whole)
	}
}

// TestMergeRuns: several runs begin with the first, end with the last, and only what holds
// for each of them holds for all.
func TestMergeRuns(t *testing.T) {
	a := schema.Run{ID: "1", Started: 1, Finished: 3, Complete: true, FoundOutside: true, Resumes: true, Overlap: true, Action: schema.ActionScan}
	b := schema.Run{ID: "2", Started: 2, Finished: 4, Action: schema.ActionPlan}
	for _, c := range []struct{ to, from schema.Run }{{a, b}, {b, a}} {
		to := c.to
		(&merger{}).run(&to, &c.from)
		if to.Started != 1 || to.Finished != 4 || to.Complete || to.FoundOutside || to.Resumes || !to.Overlap || to.Action != schema.ActionScan {
			t.Errorf("%+v and %+v: %+v", c.to, c.from, to)
		}
	}
	to := a
	if (&merger{}).run(&to, &a); !to.Complete || !to.FoundOutside || !to.Resumes || to.Action != schema.ActionScan {
		t.Errorf("two of a kind: %+v", to)
	}
}

func idOf(device, inode uint64) scan.ID { return scan.ID{Dev: device, Ino: inode} }

// TestLose: whatever device the new keeper is on, all others are still who they were, and
// go where they went.
func TestLose(t *testing.T) {
	set := func() *schema.Set {
		inodes := []schema.Inode{
			{Inode: 9, Action: schema.ActionHold}, {Inode: 5, Device: 9, Action: schema.ActionKeep}, {Inode: 6, Action: schema.ActionLink, To: 5, ToDevice: 9},
			{Inode: 1, Action: schema.ActionKeep}, {Inode: 2, Device: 8, Action: schema.ActionLink}, {Inode: 3, Action: schema.ActionLink}, {Inode: 4, Device: 8, Action: schema.ActionLink},
			{Inode: 7, Action: schema.ActionKeep}, {Inode: 8, Action: schema.ActionLink, To: 7},
		}
		return &schema.Set{Device: 7, Keeper: 1, Inodes: inodes}
	}
	one, two, three, four, five, six, seven, eight := idOf(7, 1), idOf(8, 2), idOf(7, 3), idOf(8, 4), idOf(9, 5), idOf(7, 6), idOf(7, 7), idOf(7, 8)
	for name, c := range map[string]struct {
		gone []scan.ID
		want map[scan.ID]scan.ID // where those go that are to be linked
	}{
		"a copy":               {[]scan.ID{two}, map[scan.ID]scan.ID{three: one, four: one, six: five, eight: seven}},
		"the keeper":           {[]scan.ID{one}, map[scan.ID]scan.ID{three: two, four: two, six: five, eight: seven}},
		"the keeper, a copy":   {[]scan.ID{one, two}, map[scan.ID]scan.ID{four: three, six: five, eight: seven}},
		"another keeper":       {[]scan.ID{five}, map[scan.ID]scan.ID{two: one, three: one, four: one, eight: seven}},
		"all that go with one": {[]scan.ID{one, two, three, four}, map[scan.ID]scan.ID{six: five, eight: seven}},
	} {
		s, gone := set(), map[scan.ID]bool{}
		for _, id := range c.gone {
			gone[id] = true
		}
		lose(s, gone)
		got, ids := map[scan.ID]scan.ID{}, map[scan.ID]bool{}
		for i := range s.Inodes {
			in := &s.Inodes[i]
			if ids[s.ID(in)] = true; in.Action == schema.ActionLink {
				got[s.ID(in)] = s.KeeperID(in)
			}
			if in.Inode == s.Keeper && in.Action != schema.ActionKeep || in.Action != schema.ActionLink && in.To != 0 {
				t.Errorf("%s: it stays or goes, not both: %+v", name, in)
			}
			if in.Device == s.Device || in.ToDevice == s.Device || in.To != 0 && s.KeeperID(in) == s.MainKeeper() {
				t.Errorf("%s: says what goes without saying: %+v", name, in)
			}
		}
		keeper := s.MainKeeper()
		if len(ids) != len(set().Inodes)-len(gone) || !reflect.DeepEqual(got, c.want) || !ids[keeper] || !gone[one] && keeper != one {
			t.Errorf("%s: keeper %d of %d, inodes %v go\n%v, want\n%v", name, s.Keeper, s.Device, ids, got, c.want)
		}
	}
}

// TestMergeReference: what one scan links though another one has it under a reference stays, as
// with dedupe --from: what is told is what can be won.
func TestMergeReference(t *testing.T) {
	plain := func() *schema.Loaded {
		return sample.OneSet("h", "/", 1, sample.Inode(1, schema.ActionKeep, 3, "k", "k2", "k3"), sample.Inode(2, schema.ActionLink, 2, "own/x", "ref/y"), sample.Inode(3, schema.ActionLink, 1, "z"))
	}
	other := plain()
	other.AllSets = nil
	other.Doc.Run.Roots = []schema.Root{{Path: schema.NewPath("ref"), Reference: true}, {Path: schema.NewPath("k")}}
	for name, sources := range map[string][]schema.Source{"before": {other, plain()}, "after": {plain(), other}} {
		got := merged(t, sources...)
		s := got.AllSets[0]
		if in := s.Inodes[1]; in.Action != schema.ActionHold || in.Reason != decide.HoldProtected || s.Inodes[2].Action != schema.ActionLink {
			t.Errorf("%s: %+v", name, s.Inodes)
		}
		if sum := got.Doc.Summary; s.ReclaimableBytes != 4096 || sum.ReclaimableBytes != 4096 || sum.Replacements != 1 {
			t.Errorf("%s: %d bytes, %+v", name, s.ReclaimableBytes, sum)
		}
	}
	elsewhere := *other
	elsewhere.Doc.Run.Host = "elsewhere"
	if got := merged(t, plain(), &elsewhere); got.AllSets[0].Inodes[1].Action != schema.ActionLink {
		t.Errorf("by a reference of another host: %+v", got.AllSets[0].Inodes)
	}
}

func merged(t *testing.T, sources ...schema.Source) *schema.Loaded {
	t.Helper()
	src, err := Sources(sources)
	if err != nil {
		t.Fatal(err)
	}
	return src.(*schema.Loaded)
}

func TestMergeJoinsSetsOfOneDevice(t *testing.T) {
	a := sample.OneSet("h", "/a", 1, sample.Inode(1, schema.ActionKeep, 1, "k"), sample.Inode(2, schema.ActionLink, 2, "x"))
	b := sample.OneSet("h", "/b", 1, sample.Inode(1, schema.ActionKeep, 1, "/a/k"), sample.Inode(2, schema.ActionLink, 2, "y"), sample.Inode(3, schema.ActionLink, 1, "z"))
	got := merged(t, a, b)
	if len(got.AllSets) != 1 || len(got.AllSets[0].Inodes) != 3 {
		t.Fatalf("got %+v", got.AllSets)
	}
	s := got.AllSets[0]
	if p := s.Inodes[1].Paths; len(p) != 2 || p[0].Text != "/a/x" || p[1].Text != "/b/y" {
		t.Errorf("names of inode 2: %v", p)
	}
	if s.Inodes[1].Reason != "" || s.ReclaimableBytes != 8192 {
		t.Errorf("both scans together know every name of inode 2: %+v", s)
	}
	sum := got.Doc.Summary
	want := schema.Summary{
		Files: 4, Sets: 1, DuplicateInodes: 2, RedundantBytes: 8192, ReclaimableBytes: 8192, Replacements: 3, Skipped: 2,
		HeldBack: map[string]int64{"owner": 6}, SkippedReasons: map[string]int64{"x": 2},
	}
	if !reflect.DeepEqual(sum, want) {
		t.Errorf("summary %+v, want %+v", sum, want)
	}
	if s.Host != "" || got.Doc.Run.Roots[1].Text != "/b/" || got.AllSkipped[0].Text != "/a/skip" {
		t.Errorf("host %q, roots %v, skipped %v", s.Host, got.Doc.Run.Roots, got.AllSkipped)
	}
}

// A name that two scans met is replaced once.
func TestMergeCountsReplacementsOnce(t *testing.T) {
	scan := func() *schema.Loaded {
		s := sample.OneSet("h", "/a", 1, sample.Inode(1, schema.ActionKeep, 1, "k"), sample.Inode(2, schema.ActionLink, 2, "x", "y"), sample.Inode(3, schema.ActionLink, 1, "z"), sample.Inode(4, schema.ActionHold, 1, "h"))
		s.Doc.Summary.Replacements = 3
		return s
	}
	if got := merged(t, scan(), scan()).Doc.Summary.Replacements; got != 3 {
		t.Errorf("%d names, want 3", got)
	}
	shared := scan()
	shared.AllSets[0].Link = decide.LinkReflink.String()
	if got := replacements(&shared.AllSets[0]); got != 2 {
		t.Errorf("%d files, want 2", got)
	}
}

// TestMergeKeepsRules: no rule that a scan asked for is given up.
func TestMergeKeepsRules(t *testing.T) {
	a := sample.OneSet("h", "/a", 1, sample.Inode(1, schema.ActionKeep, 1, "k"), sample.Inode(2, schema.ActionLink, 1, "x"))
	b := sample.OneSet("h", "/b", 1, sample.Inode(3, schema.ActionKeep, 1, "k"), sample.Inode(4, schema.ActionLink, 1, "x"))
	a.Doc.Run.Match, b.Doc.Run.Match = []string{"owner", "mode"}, []string{"mode", "xattr"}
	if got := merged(t, a, b).Doc.Run.Match; !slices.Equal(got, []string{"owner", "mode", "xattr"}) {
		t.Errorf("got %v", got)
	}
	if !slices.Equal(a.Doc.Run.Match, []string{"owner", "mode"}) {
		t.Errorf("the first scan now says %v", a.Doc.Run.Match)
	}
}

// TestMergeKeepsLinks: scans that ask for different links do not become one of hard links,
// and one file is not joined in two ways.
func TestMergeKeepsLinks(t *testing.T) {
	a := sample.OneSet("h", "/a", 1, sample.Inode(1, schema.ActionKeep, 1, "k"), sample.Inode(2, schema.ActionLink, 1, "x"))
	b := sample.OneSet("h", "/b", 2, sample.Inode(3, schema.ActionKeep, 1, "k"), sample.Inode(4, schema.ActionLink, 1, "x"))
	b.Doc.Run.Link, b.AllSets[0].Link = "reflink", "reflink"
	got := merged(t, a, b)
	if got.Doc.Run.Link != schema.LinkMixed || got.AllSets[0].Link+got.AllSets[1].Link != "reflink" {
		t.Errorf("the run says %q, the sets %q and %q", got.Doc.Run.Link, got.AllSets[0].Link, got.AllSets[1].Link)
	}
	if got := merged(t, b, b).Doc.Run.Link; got != "reflink" {
		t.Errorf("twice the same: %q", got)
	}
	d, e := sample.OneSet("h", "/d", 1, sample.Inode(1, schema.ActionKeep, 1, "k")), sample.OneSet("h", "/e", 2, sample.Inode(3, schema.ActionKeep, 1, "k"))
	d.Doc.Run.Link, e.Doc.Run.Link, e.Doc.Run.Absolute = "symlink", "symlink", true
	if got := merged(t, d, e).Doc.Run.Link; got != schema.LinkMixed {
		t.Errorf("relative and absolute links are %q", got)
	}
	c := sample.OneSet("h", "/a", 1, sample.Inode(1, schema.ActionKeep, 1, "k"), sample.Inode(2, schema.ActionLink, 1, "x"))
	c.Doc.Run.Link, c.AllSets[0].Link = "symlink", "symlink"
	if _, err := Sources([]schema.Source{a, c}); !errors.Is(err, ErrMixed) || !strings.Contains(err.Error(), "/a/k") {
		t.Errorf("%v", err)
	}
}

func TestMergeKeepsHostsAndDevicesApart(t *testing.T) {
	set := []schema.Inode{sample.Inode(1, schema.ActionKeep, 1, "k"), sample.Inode(2, schema.ActionLink, 1, "x")}
	clone := func() []schema.Inode {
		return []schema.Inode{sample.Inode(1, schema.ActionKeep, 1, "k"), sample.Inode(2, schema.ActionLink, 1, "x")}
	}
	got := merged(t, sample.OneSet("h", "/a", 1, set...), sample.OneSet("h", "/b", 2, clone()...), sample.OneSet("i", "/a", 1, clone()...))
	if len(got.AllSets) != 3 || got.Doc.Summary.Sets != 3 || len(got.Doc.Filesystems) != 3 {
		t.Fatalf("got %d sets, %d filesystems", len(got.AllSets), len(got.Doc.Filesystems))
	}
	if got.Doc.Run.Host != "h, i" || got.AllSets[2].Host != "i" {
		t.Errorf("hosts %q, %q", got.Doc.Run.Host, got.AllSets[2].Host)
	}
	var b bytes.Buffer
	out := bufio.NewWriter(&b)
	if err := errors.Join(saved.WriteJSON(out, got), out.Flush()); err != nil {
		t.Fatal(err)
	}
	if _, err := saved.Read(&b); err != nil {
		t.Errorf("a merged report cannot be read back: %v", err)
	}
}

// TestMergeKeepsSetsWithoutDigestApart: nothing tells that sets of one size are of one content.
func TestMergeKeepsSetsWithoutDigestApart(t *testing.T) {
	a := sample.OneSet("h", "/a", 1, sample.Inode(1, schema.ActionKeep, 1, "k"), sample.Inode(2, schema.ActionLink, 1, "x"))
	b := sample.OneSet("h", "/b", 1, sample.Inode(3, schema.ActionKeep, 1, "k"), sample.Inode(4, schema.ActionLink, 1, "x"))
	a.AllSets[0].Digest, b.AllSets[0].Digest = "", ""
	if got := merged(t, a, b); len(got.AllSets) != 2 {
		t.Errorf("got %d sets", len(got.AllSets))
	}
}
