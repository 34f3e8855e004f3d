package decide

import (
	"slices"
	"strings"
	"testing"

	"github.com/oneinode/oneinode/scan"
)

// TestConcerns: a size is of interest if a name of it may be replaced, whatever the files hold.
func TestConcerns(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "master/a", "1", 1)
	put(t, dir, "master/b", "2", 2)
	put(t, dir, "other/c", "3", 3, "one/c")
	put(t, dir, "master/inside", "22", 4)
	put(t, dir, "master/inside-too", "33", 5)
	put(t, dir, "one/inside", "444", 6)
	put(t, dir, "one/inside-too", "555", 7)
	put(t, dir, "one/linked", "4444", 8, "two/linked")
	put(t, dir, "one/alone", "5555", 9)
	for _, c := range []struct {
		name   string
		roots  []scan.Root
		policy Policy
		want   string
	}{
		{"all", []scan.Root{{Path: "master"}, {Path: "one"}}, Policy{}, "all"},
		{"reference", []scan.Root{{Path: "one"}, {Path: "two"}, {Path: "master", Protected: true}, {Path: "other", Protected: true}}, Policy{},
			"a alone b c c inside inside-too linked linked"},
		{"across", []scan.Root{{Path: "one"}, {Path: "two"}, {Path: "master"}}, Policy{AcrossOnly: true}, "a alone b c linked linked"},
		{"across from references", []scan.Root{{Path: "master", Protected: true}, {Path: "other", Protected: true}}, Policy{AcrossOnly: true}, ""},
	} {
		tree := find(t, dir, c.roots...).Tree
		concerns := c.policy.Concerns(tree)
		if concerns == nil {
			if c.want != "all" {
				t.Errorf("%s: all of interest", c.name)
			}
			continue
		}
		var got []string
		for n := range scan.Name(tree.Len()) {
			if concerns(n) {
				got = append(got, string(tree.Base(n)))
			}
		}
		slices.Sort(got)
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestInsideReferences: what lies under references only is no part of a plan.
func TestInsideReferences(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "one/a", "same", 1, "two/also")
	put(t, dir, "two/b", "same", 2)
	for _, c := range []struct {
		roots []scan.Root
		sets  int64
	}{
		{[]scan.Root{{Path: "one", Protected: true}, {Path: "two", Protected: true}}, 0},
		{[]scan.Root{{Path: "one", Protected: true}, {Path: "two"}}, 1},
	} {
		if p := planOf(find(t, dir, c.roots...), Policy{}, nil); p.Totals().Sets != c.sets {
			t.Errorf("%+v: %d sets", c.roots, p.Totals().Sets)
		}
	}
}
