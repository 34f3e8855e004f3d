package decide

import (
	"slices"
	"strings"
	"testing"

	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// TestBound: what a run could only find out in the middle is known to the plan.
func TestBound(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a", "same", 100)
	put(t, dir, "b", "same", 200)
	res := find(t, dir, scan.Root{Path: "."})
	name := res.Sets[0].Members[0].Name
	fs := &res.Tree.Filesystems()[0]
	for _, c := range []struct {
		attrs    hash.Attrs
		readOnly bool
		layouts  *Layouts
		want     map[Link]string // and whether it is sealed
	}{
		{hash.Attrs{}, false, &Layouts{}, map[Link]string{LinkHard: "", LinkSymlink: "", LinkReflink: ""}},
		{hash.Attrs{}, true, &Layouts{}, map[Link]string{LinkHard: ReasonReadOnly + "!", LinkSymlink: ReasonReadOnly, LinkReflink: ReasonReadOnly}},
		{hash.Attrs{Immutable: true}, false, &Layouts{}, map[Link]string{LinkHard: HoldImmutable + "!", LinkSymlink: HoldImmutable, LinkReflink: HoldImmutable}},
		{hash.Attrs{Append: true}, false, &Layouts{}, map[Link]string{LinkHard: HoldImmutable + "!", LinkSymlink: HoldImmutable, LinkReflink: ""}},
		{hash.Attrs{Verity: true}, false, &Layouts{}, map[Link]string{LinkHard: HoldVerity + "!", LinkSymlink: HoldVerity, LinkReflink: HoldVerity}},
		{hash.Attrs{Far: true}, false, &Layouts{}, map[Link]string{LinkHard: ReasonFar, LinkSymlink: ReasonFar, LinkReflink: ""}},
		{hash.Attrs{}, false, &Layouts{Fixed: map[scan.Domain]bool{0: true}}, map[Link]string{LinkHard: ReasonReadOnly + "!", LinkReflink: ""}},
		{hash.Attrs{}, false, &Layouts{Lower: map[scan.Name]bool{name: true}}, map[Link]string{LinkHard: ReasonLowerLayer + "!", LinkSymlink: ReasonLowerLayer}},
	} {
		fs.ReadOnly = c.readOnly
		if c.readOnly {
			ip, d := InodePlan{Member: res.Sets[0].Members[0]}, decider{tree: res.Tree, policy: Policy{ScanOnly: true}}
			was := fs.Type
			for kind, want := range map[string]string{was: "", "squashfs": ReasonReadOnly, "erofs": ReasonReadOnly} {
				fs.Type = kind
				if d.bind(&ip, hash.Attrs{Immutable: kind == "erofs"}, c.layouts); ip.Bound != want {
					t.Errorf("for a scan of %s: %q, want %q", kind, ip.Bound, want)
				}
			}
			fs.Type = was
		}
		for link, want := range c.want {
			ip := InodePlan{Member: res.Sets[0].Members[0], Names: []scan.Name{name}}
			d := decider{tree: res.Tree, policy: Policy{Link: link}}
			d.bind(&ip, c.attrs, c.layouts)
			if want, sealed := strings.CutSuffix(want, "!"); ip.Bound != want || ip.Sealed != sealed {
				t.Errorf("%+v, read-only %v, %s: %q, sealed %v, want %q", c.attrs, c.readOnly, link, ip.Bound, ip.Sealed, want)
			}
		}
	}
}

// TestBoundLinkless: where a filesystem has no links, the plan of either kind holds its files
// with that reason. A symbolic link elsewhere may lead to them.
func TestBoundLinkless(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a", "same", 100)
	put(t, dir, "b", "same", 200)
	res := find(t, dir, scan.Root{Path: "."})
	fs := &res.Tree.Filesystems()[0]
	fs.Reflinks = false // xfs and btrfs have them
	for _, kind := range []string{"vfat", "msdos", "exfat", "hfs"} {
		fs.Type = kind
		for link, want := range map[Link]string{LinkHard: ReasonNoLinks, LinkAuto: ReasonNoLinks, LinkSymlink: ReasonNoSymlinks} {
			sp := decide(res, &res.Sets[0], Policy{Link: link, Match: MatchNone}, nil, new(room))
			if !slices.ContainsFunc(sp.Inodes, func(ip InodePlan) bool { return ip.Action == ActHold && ip.Reason == want }) || sp.Reclaimable != 0 {
				t.Errorf("%s, %s: %d reclaimable, %+v, want %q", kind, link, sp.Reclaimable, sp.Inodes, want)
			}
			if sealed := sp.Inodes[0].Sealed; sealed != (link != LinkSymlink) {
				t.Errorf("%s, %s: sealed %v", kind, link, sealed)
			}
		}
	}
}

// TestBoundNoFollow: where the mount lets nobody follow a symbolic link, the plan makes none.
func TestBoundNoFollow(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a", "same", 100)
	put(t, dir, "b", "same", 200)
	res := find(t, dir, scan.Root{Path: "."})
	res.Tree.Filesystems()[0].NoFollow = true
	for link, want := range map[Link]string{LinkHard: "", LinkSymlink: ReasonNotReached} {
		ip := InodePlan{Member: res.Sets[0].Members[0], Names: []scan.Name{res.Sets[0].Members[0].Name}}
		d := decider{tree: res.Tree, policy: Policy{Link: link}}
		if d.bind(&ip, hash.Attrs{}, &Layouts{}); ip.Bound != want || ip.Sealed {
			t.Errorf("%s: %q, sealed %v, want %q", link, ip.Bound, ip.Sealed, want)
		}
	}
}

// TestBoundStays: what is sealed neither goes nor keeps, and the others do without it.
func TestBoundStays(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a", "same", 100, "a2")
	put(t, dir, "b", "same", 200)
	put(t, dir, "c", "same", 300)
	put(t, dir, "d", "same", 400)
	res := find(t, dir, scan.Root{Path: "."})
	sp := decide(res, &res.Sets[0], Policy{Match: MatchNone}, nil, new(room))
	at := func(name string) *InodePlan { return &sp.Inodes[indexOf(t, res, &sp, dir+"/"+name)] }
	for i := range sp.Inodes {
		sp.Inodes[i].Action, sp.Inodes[i].Reason, sp.Inodes[i].Replace = ActKeep, "", nil
	}
	at("a").Bound, at("a").Sealed, at("c").Bound = HoldImmutable, true, HoldFixedDir
	d := decider{tree: res.Tree, limit: 10}
	d.assign(sp.Inodes, count(len(sp.Inodes)))
	if a, b, c, d := at("a"), at("b"), at("c"), at("d"); a.Action != ActHold || a.Reason != HoldImmutable ||
		b.Action != ActKeep || c.Action != ActHold || c.Reason != HoldFixedDir || d.Action != ActLink || &sp.Inodes[d.To] != b {
		t.Errorf("a %+v\nb %+v\nc %+v\nd %+v", a, b, c, d)
	}
	for i := range sp.Inodes {
		sp.Inodes[i].Sealed, sp.Inodes[i].Bound, sp.Inodes[i].Replace = true, ReasonReadOnly, nil
	}
	d.assign(sp.Inodes, count(len(sp.Inodes)))
	for _, ip := range sp.Inodes {
		if ip.Action != ActHold || ip.Reason != ReasonReadOnly {
			t.Errorf("%+v", ip)
		}
	}
}

// TestUnlinkable: what this user may make no links to becomes a link to what he may, and where there is
// no such file, or no room, it stays.
func TestUnlinkable(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a", "same", 100, "a2")
	put(t, dir, "b", "same", 200)
	put(t, dir, "c", "same", 300)
	res := find(t, dir, scan.Root{Path: "."})
	tell := func(policy Policy, unlinkable ...string) (got string) {
		layouts := Layouts{Unlinkable: map[scan.Name]bool{}}
		sp := decide(res, &res.Sets[0], policy, nil, new(room))
		for _, base := range unlinkable {
			layouts.Unlinkable[sp.Inodes[indexOf(t, res, &sp, dir+"/"+base)].Name] = true
		}
		sp = decide(res, &res.Sets[0], policy, &layouts, new(room))
		for _, base := range []string{"a", "b", "c"} {
			ip := sp.Inodes[indexOf(t, res, &sp, dir+"/"+base)]
			got += [...]string{ActKeep: "keep", ActLink: "link", ActHold: "hold"}[ip.Action] + " " + ip.Reason + ", "
		}
		return got
	}
	for _, c := range []struct {
		policy     Policy
		unlinkable []string
		want       string
	}{
		{Policy{}, nil, "keep , link , link , "},
		{Policy{}, []string{"a"}, "link , keep , link , "},
		{Policy{}, []string{"a", "c"}, "link , keep , link , "},
		{Policy{}, []string{"a", "b", "c"}, "keep , hold " + HoldUnlinkable + ", hold " + HoldUnlinkable + ", "},
		{Policy{MaxLinks: 2}, []string{"a", "c"}, "hold " + HoldLinkLimit + ", keep , link , "},
	} {
		c.policy.Match = MatchNone
		if got := tell(c.policy, c.unlinkable...); got != c.want {
			t.Errorf("%q of %+v: %q, want %q", c.unlinkable, c.policy, got, c.want)
		}
	}
}
