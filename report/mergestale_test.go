package report

import (
	"fmt"
	"strings"
	"testing"
)

// changed is a scan of a later time, which finds other content under some inodes.
func changed(s *Saved, ctime Time, inodes ...uint64) *Saved {
	set := &s.sets[0]
	set.Digest = digestPrefix + strings.Repeat("22", 32)
	for i := range set.Inodes {
		for _, n := range inodes {
			if set.Inodes[i].Inode == n {
				set.Inodes[i].Ctime = ctime
			}
		}
	}
	return s
}

// TestMergeOfChanged: a file that has changed between two scans is in the set of the later
// one only, and counts once. What was to go to it goes to the first that was.
func TestMergeOfChanged(t *testing.T) {
	k, x, y := node(1, ActionKeep, 1, "k"), node(2, ActionLink, 1, "x"), node(3, ActionLink, 1, "y")
	n := node(7, ActionKeep, 1, "n")
	to := func(in Inode, keeper uint64) Inode {
		in.To = keeper
		return in
	}
	on := func(in Inode, device uint64) Inode {
		in.Device = device
		return in
	}
	second := func() *Saved { return small("h", "/s", 1, n, node(8, ActionKeep, 1, "m")) }
	for name, c := range map[string]struct {
		first, second *Saved
		want          string // of the first set: keeper and inodes, each with what it goes to
		sum           int64
	}{
		"a copy":                  {small("h", "/s", 1, k, x, y), changed(small("h", "/s", 1, n, x), 5, 2), "1: 1 keep, 3 link 1", 4096 * 2},
		"the kept one":            {small("h", "/s", 1, k, x, y), changed(small("h", "/s", 1, n, to(node(1, ActionLink, 1, "k"), 0)), 5, 1), "2: 2 keep, 3 link 2", 4096 * 2},
		"all but one":             {small("h", "/s", 1, k, x), changed(small("h", "/s", 1, n, x), 5, 2), "", 4096},
		"both":                    {small("h", "/s", 1, k, x), changed(small("h", "/s", 1, k, x), 5, 1, 2), "", 4096},
		"what others go to":       {small("h", "/s", 1, k, x, node(4, ActionKeep, 1, "z"), to(y, 4), to(node(5, ActionLink, 1, "w"), 4)), changed(small("h", "/s", 1, n, node(4, ActionLink, 1, "z")), 5, 4), "1: 1 keep, 2 link 1, 3 keep, 5 link 3", 4096 * 3},
		"none goes to it":         {small("h", "/s", 1, k, node(4, ActionKeep, 1, "z"), to(y, 4)), changed(small("h", "/s", 1, n, node(1, ActionLink, 1, "k")), 5, 1), "4: 4 keep, 3 link 4", 4096 * 2},
		"the heir lies elsewhere": {small("h", "/s", 1, k, on(x, 9), y), changed(small("h", "/s", 1, n, node(1, ActionLink, 1, "k")), 5, 1), "2: 2 keep, 3 link 2", 4096 * 2},
		"of another host":         {small("h", "/s", 1, k, x), changed(small("i", "/s", 1, n, x), 5, 2), "1: 1 keep, 2 link 1", 4096 * 2},
		"nothing":                 {small("h", "/s", 1, k, x), changed(second(), 5), "1: 1 keep, 2 link 1", 4096},
	} {
		for _, sources := range [][]Source{{c.first, c.second}, {c.second, c.first}} {
			got := merged(t, sources...)
			if told := setOf(got, "11"); told != c.want || got.doc.Summary.ReclaimableBytes != c.sum || got.doc.Summary.Sets != int64(len(got.sets)) {
				t.Errorf("%s: %q, want %q; %d reclaimable, want %d, %d sets", name, told, c.want, got.doc.Summary.ReclaimableBytes, c.sum, got.doc.Summary.Sets)
			}
			for i := range got.sets {
				if err := got.sets[i].Check(); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
}

// setOf tells of the set with a digest.
func setOf(s *Saved, digest string) string {
	for i := range s.sets {
		if set := &s.sets[i]; strings.HasSuffix(set.Digest, digest) {
			told := []string{}
			for i := range set.Inodes {
				in, to := &set.Inodes[i], ""
				if in.Action == ActionLink {
					to = fmt.Sprint(" ", set.KeeperID(in).Ino)
				}
				told = append(told, fmt.Sprint(in.Inode, " ", in.Action, to))
			}
			return fmt.Sprintf("%d: %s", set.Keeper, strings.Join(told, ", "))
		}
	}
	return ""
}
