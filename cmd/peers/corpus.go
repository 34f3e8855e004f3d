package main

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// makers make the corpora. Each is the same for the same scale, wherever it is made.
var makers = map[string]func(dir string, scale float64, rnd *source) error{
	"tree": makeTree, "million": makeMillion, "media": makeMedia, "vm": makeVM, "snapshots": makeSnapshots,
	"frames": makeFrames, "flat": makeFlat,
}

// kindOf tells what corpus is meant. A name may bring its own scale: media:0.3.
func (c *config) kindOf(name string) (kind string, scale float64, err error) {
	kind, own, isScaled := strings.Cut(name, ":")
	if scale = c.scale; isScaled {
		scale, err = strconv.ParseFloat(own, 64)
	}
	switch {
	case err != nil:
		err = fmt.Errorf("corpus %s: %w", name, err)
	case makers[kind] == nil:
		err = fmt.Errorf("no corpus %q: one of %s", kind, strings.Join(slices.Sorted(maps.Keys(makers)), ", "))
	}
	return kind, scale, err
}

// corpus returns the directory of a corpus and makes it if it is not there.
func (c *config) corpus(name string) (string, error) {
	kind, scale, err := c.kindOf(name)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(c.dir, fmt.Sprintf("%s-%g", kind, scale))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	fmt.Fprintln(os.Stderr, "making", dir)
	part := dir + ".part"
	if err := os.RemoveAll(part); err != nil {
		return "", err
	}
	if err := makers[kind](part, scale, newSource(uint64(len(kind)))); err != nil {
		return "", err
	}
	time.Sleep(rest)
	return dir, os.Rename(part, dir)
}

// rest is how long fresh files lie untouched before they are used, as what programs find
// mostly has: oneinode compares once more, byte for byte, what changed in the last two
// seconds, and does not remember it.
const rest = 3 * time.Second

// source makes content by seed: the same seed, the same bytes.
type source struct {
	*rand.Rand
	buf []byte
}

func newSource(seed uint64) *source {
	return &source{Rand: rand.New(rand.NewPCG(seed, 12)), buf: make([]byte, 1<<20)}
}

func scaled(n int, scale float64) int { return max(4, int(float64(n)*scale)) }

// fill fills b with bytes that belong to seed.
func fill(b []byte, seed uint64) {
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	_, _ = rand.NewChaCha8(key).Read(b) // never fails
}

// write writes a small file.
func (s *source) write(dir string, i int, seed uint64, size int) error {
	sub := filepath.Join(dir, fmt.Sprintf("%02d", i/100%37), fmt.Sprintf("%04d", i/100))
	if i%100 == 0 {
		if err := os.MkdirAll(sub, 0o755); err != nil {
			return err
		}
	}
	b := s.buf[:size]
	fill(b, seed)
	return os.WriteFile(filepath.Join(sub, fmt.Sprintf("file-%07d", i)), b, 0o644)
}

// makeTree: 300,000 files, log-normal sizes around 4 KiB, 35 % copies.
func makeTree(dir string, scale float64, s *source) error {
	return s.writeMany(dir, scaled(300_000, scale), func() int {
		return min(max(1, int(math.Exp(math.Log(4096)+1.2*s.NormFloat64()))), len(s.buf))
	})
}

// makeFlat: 200,000 files as in the tree, all in one directory, as in a mailbox or a cache.
func makeFlat(dir string, scale float64, s *source) error {
	if err := makeTree(dir, scale*2/3, s); err != nil {
		return err
	}
	tops, err := filepath.Glob(dir + "/*")
	files, err2 := filepath.Glob(dir + "/*/*/*")
	if err := cmp.Or(err, err2); err != nil {
		return err
	}
	for _, file := range files {
		if err := os.Rename(file, filepath.Join(dir, filepath.Base(file))); err != nil {
			return err
		}
	}
	for _, top := range tops {
		if err := os.RemoveAll(top); err != nil {
			return err
		}
	}
	return nil
}

// makeSnapshots: 20 snapshots of a tree of 90,000 files, as rsync --link-dest makes them: in each,
// one file in a hundred is new, and the others are hard links to those of the one before.
func makeSnapshots(dir string, scale float64, s *source) error {
	if err := makeTree(filepath.Join(dir, "00"), 0.3*scale, s); err != nil {
		return err
	}
	for i := 1; i < 20; i++ {
		before, now := filepath.Join(dir, fmt.Sprintf("%02d", i-1)), filepath.Join(dir, fmt.Sprintf("%02d", i))
		if err := s.snapshot(before, now, i); err != nil {
			return err
		}
	}
	return nil
}

// snapshot makes snapshot i of the one before.
func (s *source) snapshot(before, now string, i int) error {
	n := 0
	return filepath.WalkDir(before, func(path string, d fs.DirEntry, err error) error {
		to := now + strings.TrimPrefix(path, before)
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return os.MkdirAll(to, 0o755)
		}
		if n++; n%100 != i {
			return os.Link(path, to)
		}
		pair := n / 200 // two new files are equal
		b := s.buf[:1+pair*37%8000]
		fill(b, uint64(i)<<32|uint64(pair))
		return os.WriteFile(to, b, 0o644)
	})
}

// makeMillion: a million files of 1 to 500 bytes, 35 % copies.
func makeMillion(dir string, scale float64, s *source) error {
	return s.writeMany(dir, scaled(1_000_000, scale), func() int { return 1 + s.IntN(500) })
}

// copies is the share of files that are copies of an earlier one.
const copies = 0.35

// original is which file number i is a copy of: mostly itself.
func (s *source) original(i int) int {
	if i > 0 && s.Float64() < copies {
		return s.IntN(i)
	}
	return i
}

// writeMany writes n small files.
func (s *source) writeMany(dir string, n int, size func() int) error {
	seeds, sizes := make([]uint64, n), make([]int, n)
	for i := range n {
		seeds[i], sizes[i] = uint64(i), size()
		from := s.original(i)
		seeds[i], sizes[i] = seeds[from], sizes[from]
		if err := s.write(dir, i, seeds[i], sizes[i]); err != nil {
			return err
		}
	}
	return nil
}

// makeMedia: 2,000 files of 1 to 30 MiB with equal headers and trailers; in each
// four of a size two are equal, one differs early and one late.
func makeMedia(dir string, scale float64, s *source) error {
	n := scaled(2_000, scale)
	size := 0
	for i := range n {
		if i%4 == 0 {
			size = 1<<20 + s.IntN(29<<20)
		}
		differs := []int{-1, -1, 300_000, size - 300_000}[i%4]
		if err := writeBig(filepath.Join(dir, fmt.Sprint(i%20)), i, uint64(i/4), size, differs); err != nil {
			return err
		}
	}
	return nil
}

// makeVM: 24 images of 512 MiB; a third are equal, the others differ late.
func makeVM(dir string, scale float64, _ *source) error {
	size := max(8<<20, int(512*math.Min(scale*4, 1))<<20)
	for i := range scaled(24, scale) {
		differs := -1
		if i%3 > 0 {
			differs = size/16*15 + 4096*i
		}
		if err := writeBig(dir, i, 1, size, differs); err != nil {
			return err
		}
	}
	return nil
}

// makeFrames: 8,000 files of 600 KiB with equal headers and trailers, as the frames of a film
// that are not compressed; 35 % copies.
func makeFrames(dir string, scale float64, s *source) error {
	seeds := make([]uint64, scaled(8_000, scale))
	for i := range seeds {
		seeds[i] = uint64(i)
		seeds[i] = seeds[s.original(i)]
		if err := writeBig(filepath.Join(dir, fmt.Sprint(i/500)), i, seeds[i], 600<<10, -1); err != nil {
			return err
		}
	}
	return nil
}

// writeBig writes a file whose first and last 8 KiB are those of every such file.
// At the offset differs, if that is not negative, it has its own number.
func writeBig(dir string, i int, seed uint64, size, differs int) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, fmt.Sprintf("image-%05d", i)))
	if err != nil {
		return err
	}
	defer f.Close()
	buf := make([]byte, 1<<20)
	for off := 0; off < size; off += len(buf) {
		b := buf[:min(len(buf), size-off)]
		fill(b, seed<<32|uint64(off)>>20)
		if _, err := f.Write(b); err != nil {
			return err
		}
	}
	edge := buf[:8192]
	fill(edge, 1<<63)
	if _, err := f.WriteAt(edge, 0); err != nil {
		return err
	}
	if _, err := f.WriteAt(edge, int64(size-len(edge))); err != nil {
		return err
	}
	if differs >= 0 {
		if _, err := f.WriteAt(fmt.Appendf(nil, "number %07d", i), int64(differs)); err != nil {
			return err
		}
	}
	return f.Close()
}
