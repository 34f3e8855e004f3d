package hash

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	stdhash "hash"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"sort"
	"testing"

	"github.com/oneinode/oneinode/scan"
	"github.com/zeebo/blake3"
)

// benchSmall has many small files, a third of them copies.
func benchSmall() files {
	list := files{}
	for i := range 3000 {
		list[fmt.Sprintf("d%d/f%d", i%30, i)] = filled(uint64(i-i%3/2), 4000)
	}
	return list
}

// benchLarge has a few large files, all with an equal, which is the most work
// that there can be: every byte counts.
func benchLarge() files {
	list := files{}
	for i := range 8 {
		list[fmt.Sprint("f", i)] = filled(uint64(i/4), 16<<20)
	}
	return list
}

// benchParting has large files of one size that begin alike and part in the
// middle.
func benchParting() files {
	list := files{}
	for i := range 8 {
		list[fmt.Sprint("f", i)] = except(filled(1, 16<<20), 8<<20+i)
	}
	return list
}

// BenchmarkFind compares the funnel, with lockstep for large files, with the
// plain way: size groups, in each every file whole through io.Copy into a hash,
// by path.
func BenchmarkFind(b *testing.B) {
	for _, c := range []struct {
		name string
		list files
	}{{"small", benchSmall()}, {"large", benchLarge()}, {"parting", benchParting()}} {
		tree := scanned(b, planted(b, c.list))
		var bytes int64
		for n := range scan.Name(tree.Len()) {
			bytes += tree.Size(n)
		}
		for _, opts := range []Options{{}, {Digests: true}, {Idle: true}} {
			b.Run(fmt.Sprintf("%s/digests=%v,idle=%v", c.name, opts.Digests, opts.Idle), func(b *testing.B) {
				b.SetBytes(bytes)
				for b.Loop() {
					found(b, tree, opts)
				}
			})
		}
		for name, hasher := range map[string]stdhash.Hash{"blake3": blake3.New(), "sha256": sha256.New()} {
			b.Run(c.name+"/plain "+name, func(b *testing.B) {
				b.SetBytes(bytes)
				for b.Loop() {
					plainSets(b, tree, hasher)
				}
			})
		}
	}
}

// plainSets finds the sets the plain way.
func plainSets(b *testing.B, tree *scan.Tree, hasher stdhash.Hash) map[Digest][]scan.Name {
	count := map[int64]int{}
	for n := range scan.Name(tree.Len()) {
		count[tree.Size(n)]++
	}
	var names []scan.Name
	for n := range scan.Name(tree.Len()) {
		if count[tree.Size(n)] > 1 {
			names = append(names, n)
		}
	}
	slices.SortFunc(names, func(x, y scan.Name) int {
		return cmp.Or(cmp.Compare(tree.Size(x), tree.Size(y)), bytes.Compare(tree.AppendPath(nil, x), tree.AppendPath(nil, y)))
	})
	sets := map[Digest][]scan.Name{}
	for _, n := range names {
		f, err := os.Open(tree.Path(n))
		if err != nil {
			b.Fatal(err)
		}
		hasher.Reset()
		if _, err := io.Copy(hasher, f); err != nil {
			b.Fatal(err)
		}
		f.Close()
		d := Digest(hasher.Sum(nil))
		sets[d] = append(sets[d], n)
	}
	return sets
}

// BenchmarkSort compares the sort of a million records, two of each digest, with that of the
// standard library on one processor.
func BenchmarkSort(b *testing.B) {
	const n = 1 << 20
	for name, order := range map[string]func(*records){
		"all processors": (*records).sort,
		"plain":          func(r *records) { sort.Sort(share{r, span{0, n}}) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				recs := randomRecords(n)
				b.StartTimer()
				order(recs)
			}
		})
	}
}

func randomRecords(n int) *records {
	rnd := rand.New(rand.NewPCG(1, 2))
	recs := &records{groups: []uint32{0}, tree: make(fakeTree, n), members: make([]Member, n), digests: newDigests(n)}
	for i := range n {
		recs.members[i].Name = scan.Name(i)
		binary.BigEndian.PutUint64(recs.digests.at(i)[:], rnd.Uint64N(uint64(n/2))*0x9e3779b97f4a7c15) // as good as a digest
	}
	return recs
}
