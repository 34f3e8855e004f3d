package radix

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

type item struct {
	key uint64
	at  int // where it was
}

func key(i *item) uint64 { return i.key }

// items have keys that differ within mask only.
func items(n int, seed, mask uint64) []item {
	random := rand.New(rand.NewPCG(seed, 1))
	base := random.Uint64() &^ mask
	list := make([]item, n)
	for i := range list {
		list[i] = item{base | random.Uint64()&mask, i}
	}
	return list
}

func byKey(a, b item) int { return cmp.Compare(a.key, b.key) }

// FuzzSort compares with the stable sort of the standard library.
func FuzzSort(f *testing.F) {
	for _, mask := range []uint64{0, 1, 0xff, 0xffff00, 1 << 63, 1<<64 - 1, 0xf0f0} {
		f.Add(uint16(1000), uint64(1), mask)
	}
	f.Add(uint16(0), uint64(1), uint64(1))
	f.Add(uint16(1), uint64(1), uint64(1))
	f.Fuzz(func(t *testing.T, n uint16, seed, mask uint64) {
		got := items(int(n%5000), seed, mask)
		want := slices.Clone(got)
		slices.SortStableFunc(want, byKey)
		if Sort(got, key); !slices.Equal(got, want) {
			t.Errorf("%d keys that differ in %x are not in order", len(got), mask)
		}
	})
}

func BenchmarkSort(b *testing.B) {
	for _, n := range []int{1000, 1_000_000} {
		list := items(n, 1, 1<<24-1)
		work := make([]item, n)
		b.Run(fmt.Sprintf("radix/%d", n), func(b *testing.B) {
			for b.Loop() {
				copy(work, list)
				Sort(work, key)
			}
		})
		b.Run(fmt.Sprintf("slices/%d", n), func(b *testing.B) {
			for b.Loop() {
				copy(work, list)
				slices.SortFunc(work, byKey)
			}
		})
	}
}
