package scan

import (
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
)

// TestComparePaths: checkTree compares the names of every tree of these tests. Here are
// names around the slash, which not every byte comes after.
func TestComparePaths(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 9))
	elements := []string{"a", "a-", "a.", "a.b", "a0", "ab", "A", "-", "\xff", "b", "é"}
	for range 30 {
		lines := map[string]bool{}
		for range 60 {
			var way []string
			for range 1 + rnd.IntN(4) {
				way = append(way, elements[rnd.IntN(len(elements))])
			}
			lines[filepath.Join(way...)+"/f"+elements[rnd.IntN(len(elements))]] = true
		}
		var list []string
		for line := range lines {
			list = append(list, "file "+line)
		}
		dir := plant(t, list...)
		tree, _ := walk(t, Options{}, dir)
		inner, _, _ := strings.Cut(list[0][5:], "/")
		again, _ := walk(t, Options{}, dir, filepath.Join(dir, inner), filepath.Join(dir, list[1][5:]))
		for _, tree := range []*Tree{tree, again} {
			for a := range Name(tree.Len()) {
				for b := range Name(tree.Len()) {
					if want := strings.Compare(tree.Path(a), tree.Path(b)); sign(tree.ComparePaths(a, b)) != want {
						t.Fatalf("%q and %q: want %d", tree.Path(a), tree.Path(b), want)
					}
				}
			}
		}
	}
}
