package hash

import (
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/oneinode/oneinode/scan"
	"github.com/zeebo/blake3"
)

// benchSmall has many small files, a third of them copies; benchLarge few
// large ones, all equal, which is the most work that there can be.
func benchSmall() files {
	list := files{}
	for i := range 3000 {
		list[fmt.Sprintf("d%d/f%d", i%30, i)] = filled(uint64(i-i%3/2), 4000)
	}
	return list
}

func benchLarge() files {
	list := files{}
	for i := range 8 {
		list[fmt.Sprint("f", i)] = filled(uint64(i/4), 16<<20)
	}
	return list
}

func BenchmarkFind(b *testing.B) {
	for _, c := range []struct {
		name string
		list files
	}{{"small", benchSmall()}, {"large", benchLarge()}} {
		tree := scanned(b, planted(b, c.list))
		var bytes int64
		for n := range scan.Name(tree.Len()) {
			bytes += tree.Size(n)
		}
		for _, opts := range []Options{{}, {Digests: true}, {Busy: true}} {
			b.Run(fmt.Sprintf("%s/digests=%v,busy=%v", c.name, opts.Digests, opts.Busy), func(b *testing.B) {
				b.SetBytes(bytes)
				for b.Loop() {
					found(b, tree, opts)
				}
			})
		}
		b.Run(c.name+"/plain", func(b *testing.B) {
			b.SetBytes(bytes)
			for b.Loop() {
				plainSets(b, tree)
			}
		})
	}
}

// plainSets is the plain way: hash every file through io.Copy into a map.
func plainSets(b *testing.B, tree *scan.Tree) map[Digest][]scan.Name {
	sets := map[Digest][]scan.Name{}
	for n := range scan.Name(tree.Len()) {
		f, err := os.Open(tree.Path(n))
		if err != nil {
			b.Fatal(err)
		}
		h := blake3.New()
		if _, err := io.Copy(h, f); err != nil {
			b.Fatal(err)
		}
		f.Close()
		d := Digest(h.Sum(nil))
		sets[d] = append(sets[d], n)
	}
	return sets
}
