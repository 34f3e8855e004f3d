package hash

import (
	"testing"

	"github.com/zeebo/blake3"
)

// TestClassNext: every byte of a file is compared, none twice; with a digest all of them
// in order, whatever was compared before.
func TestClassNext(t *testing.T) {
	for _, chunk := range []int64{chunkSize, spinningChunk} {
		long := longEnough * tailChunks * chunk
		for _, size := range []int64{wholeSize + 1, firstChunk + chunk, long - 1, long, long + 1, 3*long + 7} {
			for _, digest := range []*blake3.Hasher{nil, blake3.New()} {
				c := &class{size: size, tail: size, digest: digest}
				var read int64
				for c.off < c.tail {
					from, length := c.next(chunk)
					if length < 1 || length > chunk || from+length > c.tail {
						t.Fatalf("%+v: next is %d bytes at %d", c, length, from)
					}
					read += length
					c.equal(from, length)
				}
				want := size
				if digest != nil {
					want += tailSize(size, chunk)
				}
				if read != want || c.off != c.tail || digest != nil && c.off != size {
					t.Errorf("%d bytes by %d, digest %v: %d read, %d wanted, ends at %d", size, chunk, digest != nil, read, want, c.off)
				}
			}
		}
	}
}

// TestEndsEarly: long files that differ near the end part there before they are read.
func TestEndsEarly(t *testing.T) {
	size := longEnough * tailChunks * chunkSize
	base := filled(1, size)
	for _, digests := range []bool{false, true} {
		tree := scanned(t, planted(t, files{
			"a": base, "b": except(base, size-1), "c": except(base, size-chunkSize-1), "d": except(base, size/2),
		}))
		res := found(t, tree, Options{Digests: digests})
		// The head of each, two chunks from the front and two from the end, each of these
		// once more by those that part from the first; a and d go on to the middle.
		most := int64(4*(headSize+firstChunk+5*chunkSize) + size)
		if len(res.Sets) != 0 || res.BytesRead > most {
			t.Errorf("digests %v: %d sets, %d bytes read, want none and at most %d", digests, len(res.Sets), res.BytesRead, most)
		}
	}
}

// TestAnnounced: where all is equal, as much is read as was announced.
func TestAnnounced(t *testing.T) {
	small, long := filled(1, headSize), filled(2, longEnough*tailChunks*chunkSize)
	tree := scanned(t, planted(t, files{"a": small, "b": small, "c": long, "d": long}))
	for _, digests := range []bool{false, true} {
		var announced int64
		res := found(t, tree, Options{Digests: digests, OnCandidates: func(_, n int64) { announced = n }})
		if len(res.Sets) != 2 || announced != res.BytesRead {
			t.Errorf("digests %v: %d sets, %d bytes announced, %d read", digests, len(res.Sets), announced, res.BytesRead)
		}
	}
}
