package merge

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/oneinode/oneinode/report/sample"
	"github.com/oneinode/oneinode/report/schema"
)

// changed is a scan of a later time, which finds other content under some inodes.
func changed(s *schema.Loaded, inodes ...uint64) *schema.Loaded {
	set := &s.AllSets[0]
	set.Digest = sample.DigestPrefix + strings.Repeat("22", 32)
	for i := range set.Inodes {
		for _, n := range inodes {
			if set.Inodes[i].Inode == n {
				set.Inodes[i].Ctime = 5
			}
		}
	}
	return s
}

// TestMergeOfChanged: a file that has changed between two scans is in the set of the later
// one only, and counts once. What was to go to it goes to the first that was.
func TestMergeOfChanged(t *testing.T) {
	k, x, y := sample.Inode(1, schema.ActionKeep, 1, "k"), sample.Inode(2, schema.ActionLink, 1, "x"), sample.Inode(3, schema.ActionLink, 1, "y")
	n := sample.Inode(7, schema.ActionKeep, 1, "n")
	to := func(in schema.Inode, keeper uint64) schema.Inode {
		in.To = keeper
		return in
	}
	on := func(in schema.Inode, device uint64) schema.Inode {
		in.Device = device
		return in
	}
	second := func() *schema.Loaded {
		return sample.OneSet("h", "/s", 1, n, sample.Inode(8, schema.ActionKeep, 1, "m"))
	}
	for name, c := range map[string]struct {
		first, second *schema.Loaded
		want          string // of the first set: keeper and inodes, each with what it goes to
		sum           int64
	}{
		"a copy":                  {sample.OneSet("h", "/s", 1, k, x, y), changed(sample.OneSet("h", "/s", 1, n, x), 2), "1: 1 keep, 3 link 1", 4096 * 2},
		"the kept one":            {sample.OneSet("h", "/s", 1, k, x, y), changed(sample.OneSet("h", "/s", 1, n, to(sample.Inode(1, schema.ActionLink, 1, "k"), 0)), 1), "2: 2 keep, 3 link 2", 4096 * 2},
		"all but one":             {sample.OneSet("h", "/s", 1, k, x), changed(sample.OneSet("h", "/s", 1, n, x), 2), "", 4096},
		"both":                    {sample.OneSet("h", "/s", 1, k, x), changed(sample.OneSet("h", "/s", 1, k, x), 1, 2), "", 4096},
		"what others go to":       {sample.OneSet("h", "/s", 1, k, x, sample.Inode(4, schema.ActionKeep, 1, "z"), to(y, 4), to(sample.Inode(5, schema.ActionLink, 1, "w"), 4)), changed(sample.OneSet("h", "/s", 1, n, sample.Inode(4, schema.ActionLink, 1, "z")), 4), "1: 1 keep, 2 link 1, 3 keep, 5 link 3", 4096 * 3},
		"none goes to it":         {sample.OneSet("h", "/s", 1, k, sample.Inode(4, schema.ActionKeep, 1, "z"), to(y, 4)), changed(sample.OneSet("h", "/s", 1, n, sample.Inode(1, schema.ActionLink, 1, "k")), 1), "4: 4 keep, 3 link 4", 4096 * 2},
		"the heir lies elsewhere": {sample.OneSet("h", "/s", 1, k, on(x, 9), y), changed(sample.OneSet("h", "/s", 1, n, sample.Inode(1, schema.ActionLink, 1, "k")), 1), "2: 2 keep, 3 link 2", 4096 * 2},
		"of another host":         {sample.OneSet("h", "/s", 1, k, x), changed(sample.OneSet("i", "/s", 1, n, x), 2), "1: 1 keep, 2 link 1", 4096 * 2},
		"nothing":                 {sample.OneSet("h", "/s", 1, k, x), changed(second()), "1: 1 keep, 2 link 1", 4096},
	} {
		for _, sources := range [][]schema.Source{{c.first, c.second}, {c.second, c.first}} {
			got := merged(t, sources...)
			if told := setOf(got, "11"); told != c.want || got.Doc.Summary.ReclaimableBytes != c.sum || got.Doc.Summary.Sets != int64(len(got.AllSets)) {
				t.Errorf("%s: %q, want %q; %d reclaimable, want %d, %d sets", name, told, c.want, got.Doc.Summary.ReclaimableBytes, c.sum, got.Doc.Summary.Sets)
			}
			for i := range got.AllSets {
				if err := got.AllSets[i].Check(); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
}

// TestMergeOfSavedAnew: a path that another inode has by the later scan counts once, with that.
func TestMergeOfSavedAnew(t *testing.T) {
	scanOf := func(host, root string, inodes ...schema.Inode) *schema.Loaded {
		return sample.OneSet(host, root, 1, append([]schema.Inode{sample.Inode(1, schema.ActionKeep, 1, "k")}, inodes...)...)
	}
	x := func() schema.Inode { return sample.Inode(2, schema.ActionLink, 1, "x") }
	y := func() schema.Inode { return sample.Inode(3, schema.ActionLink, 2, "y", "z") }
	early := func() schema.Inode {
		in := sample.Inode(4, schema.ActionLink, 1, "early")
		in.Ctime = -5
		return in
	}
	anew := func(name string) schema.Inode {
		in := sample.Inode(9, schema.ActionLink, 1, name)
		in.Ctime = 5
		return in
	}
	for name, c := range map[string]struct {
		first, second *schema.Loaded
		want          string
		sum           int64
	}{
		"a copy":          {scanOf("h", "/s", x(), y()), scanOf("h", "/s", anew("x")), "1: 1 keep, 3 link 1, 9 link 1", 4096 * 2},
		"one of two":      {scanOf("h", "/s", y()), scanOf("h", "/s", anew("y")), "1: 1 keep, 3 link 1, 9 link 1", 4096 * 2},
		"elsewhere":       {scanOf("h", "/s", x()), scanOf("h", "/t", anew("x")), "1: 1 keep, 2 link 1, 9 link 1", 4096 * 2},
		"before 1970":     {scanOf("h", "/s", early()), scanOf("h", "/s", early()), "1: 1 keep, 4 link 1", 4096},
		"two trees":       {scanOf("h", "/s", early()), scanOf("h", "/t"), "1: 1 keep, 4 link 1", 4096},
		"another disk":    {scanOf("h", "/s", x()), sample.OneSet("h", "/s", 2, sample.Inode(1, schema.ActionKeep, 1, "k"), anew("x")), "1: 1 keep, 2 link 1", 4096 * 2},
		"of another host": {scanOf("h", "/s", x()), scanOf("i", "/s", anew("x")), "1: 1 keep, 2 link 1", 4096 * 2},
	} {
		for _, sources := range [][]schema.Source{{c.first, c.second}, {c.second, c.first}} {
			got := merged(t, sources...)
			for i := range got.AllSets {
				slices.SortFunc(got.AllSets[i].Inodes, func(a, b schema.Inode) int { return cmp.Compare(a.Inode, b.Inode) })
			}
			slices.SortFunc(got.AllSets, func(a, b schema.Set) int { return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Device, b.Device)) })
			if told := setOf(got, "11"); told != c.want || got.Doc.Summary.ReclaimableBytes != c.sum {
				t.Errorf("%s: %q, want %q; %d reclaimable, want %d", name, told, c.want, got.Doc.Summary.ReclaimableBytes, c.sum)
			}
			if n := mostInodes(got); n != 1 {
				t.Errorf("%s: a path leads to %d inodes", name, n)
			}
		}
	}
}

// mostInodes is how many inodes of a disk have one name at most.
func mostInodes(s *schema.Loaded) int {
	inodes := map[entry]int{}
	for i := range s.AllSets {
		set := &s.AllSets[i]
		for j := range set.Inodes {
			for _, n := range set.Inodes[j].Paths {
				inodes[entryOf(set.Host, n, set.ID(&set.Inodes[j]))]++
			}
		}
	}
	return slices.Max(slices.Collect(maps.Values(inodes)))
}

// setOf tells of the set with a digest.
func setOf(s *schema.Loaded, digest string) string {
	for i := range s.AllSets {
		if set := &s.AllSets[i]; strings.HasSuffix(set.Digest, digest) {
			told := []string{}
			for i := range set.Inodes {
				in, to := &set.Inodes[i], ""
				if in.Action == schema.ActionLink {
					to = fmt.Sprint(" ", set.KeeperID(in).Ino)
				}
				told = append(told, fmt.Sprint(in.Inode, " ", in.Action, to))
			}
			return fmt.Sprintf("%d: %s", set.Keeper, strings.Join(told, ", "))
		}
	}
	return ""
}
