package decide

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// sharedPlan decides a set of files named a, b, c… with the given layouts, as if
// they lay on a filesystem with reflinks.
func sharedPlan(t *testing.T, layouts ...Layout) (*Plan, []InodePlan) {
	t.Helper()
	dir := t.TempDir()
	for i := range layouts {
		check(t, os.WriteFile(filepath.Join(dir, string(rune('a'+i))), []byte("the same"), 0o644))
	}
	res := find(t, dir, scan.Root{Path: "."})
	for i := range res.Tree.Filesystems() {
		res.Tree.Filesystems()[i].Reflinks = true
	}
	known := &Layouts{ByName: map[scan.Name]Layout{}}
	for _, m := range res.Sets[0].Members {
		known.ByName[m.Name] = layouts[res.Tree.Base(m.Name)[0]-'a']
	}
	plan := planOf(res, Policy{Link: LinkAuto, Match: MatchAll}, known)
	sp := plan.set(0, new(room))
	if sp.Link != LinkReflink {
		t.Fatalf("joined by %s", sp.Link)
	}
	byName := make([]InodePlan, len(layouts))
	for _, ip := range sp.Inodes {
		byName[res.Tree.Base(ip.Name)[0]-'a'] = ip
	}
	return plan, byName
}

func TestDecideShared(t *testing.T) {
	t.Parallel()
	own := func(place uint32, bytes int64) Layout { return Layout{Place: place, Own: bytes} }
	shared := func(place uint32, bytes int64) Layout { return Layout{Place: place, Shared: bytes} }
	for name, c := range map[string]struct {
		layouts []Layout
		want    string // action of each: k, l or h, and a reason's beginning
		frees   int64
	}{
		"all apart":             {[]Layout{own(1, 8), own(2, 8), own(3, 8)}, "k l l", 16},
		"most share already":    {[]Layout{own(1, 8), shared(2, 8), shared(2, 8)}, "l k h:shares", 8},
		"with a snapshot":       {[]Layout{own(1, 8), shared(2, 8)}, "k l:its_blocks", 0},
		"partly":                {[]Layout{own(1, 8), {Place: 2, Own: 4, Shared: 4}}, "k l", 4},
		"a hole keeps":          {[]Layout{own(1, 8), {Place: 2}}, "l k", 8},
		"only holes":            {[]Layout{{Place: 1}, {Place: 2}}, "k h:has_no", 0},
		"inline":                {[]Layout{{Inline: true}, {Inline: true}}, "k h:so_small", 0},
		"inline never keeps":    {[]Layout{{Inline: true}, own(1, 8), own(2, 8)}, "h:so_small k l", 8},
		"read-only keeps":       {[]Layout{shared(1, 8), shared(1, 8), {Place: 2, Own: 8, Fixed: true}}, "l:its l:its k", 0},
		"unknown":               {[]Layout{{}, {}}, "k l", 0},
		"without copy-on-write": {[]Layout{own(1, 8), own(2, 8), {Place: 3, Own: 8, NoCow: true}}, "k l h:differs_in_copy-on-write", 8},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan, inodes := sharedPlan(t, c.layouts...)
			for i, want := range strings.Split(c.want, " ") {
				action, reason, _ := strings.Cut(want, ":")
				if got := "klh"[inodes[i].Action]; string(got) != action {
					t.Errorf("%c: %c, want %s (%s)", 'a'+i, got, action, inodes[i].Reason)
				}
				reason = strings.ReplaceAll(reason, "_", " ")
				if !strings.HasPrefix(inodes[i].Reason, reason) {
					t.Errorf("%c: reason %q", 'a'+i, inodes[i].Reason)
				}
			}
			if got := plan.Totals().Reclaimable; got != c.frees {
				t.Errorf("frees %d, want %d", got, c.frees)
			}
		})
	}
}

// TestSettled: what shares all its blocks is no duplicate any more.
func TestSettled(t *testing.T) {
	t.Parallel()
	plan, _ := sharedPlan(t, Layout{Place: 1, Shared: 8}, Layout{Place: 1, Shared: 8})
	for range plan.Sets() {
		t.Error("a set is left")
	}
	if got := plan.Totals(); got.Sets != 0 || got.Redundant != 0 {
		t.Errorf("%+v", got)
	}
}

// TestGroup: reflinks reach across the mounts and subvolumes of one filesystem
// and leave out those without, hard links stay within a domain.
func TestGroup(t *testing.T) {
	t.Parallel()
	filesystems := []scan.Filesystem{
		{Dev: 1, Superblock: 7, Reflinks: true}, {Dev: 2, Superblock: 7, Reflinks: true}, {Dev: 3, Superblock: 3}, {Dev: 3, Mount: 2, Superblock: 3},
	}
	for link, want := range map[Link][]uint32{
		LinkHard: {0, 1, 2, 3}, LinkReflink: {0, 0, hash.NoGroup, hash.NoGroup}, LinkAuto: {0, 0, 2, 3}, LinkSymlink: {0, 0, 0, 0},
	} {
		group := Policy{Link: link}.Group(filesystems)
		for d := range filesystems {
			if got := group(scan.Domain(d)); got != want[d] {
				t.Errorf("%s: domain %d in group %d, want %d", link, d, got, want[d])
			}
		}
	}
}

func TestParseLink(t *testing.T) {
	t.Parallel()
	for _, word := range linkNames {
		if l, err := ParseLink(word); err != nil || l.String() != word {
			t.Errorf("%q: %v, %v", word, l, err)
		}
	}
	if _, err := ParseLink("glue"); err == nil {
		t.Error("glue is none")
	}
}
