package main

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
)

// readers is how many files are read at the same time where nothing is measured.
const readers = 8

// file is what a path leads to.
type file struct {
	inode uint64
	sum   [32]byte
}

// content is what a tree holds, by path below it.
type content map[string]file

// contents reads every file of a tree, each inode once.
func contents(dir string) (content, error) {
	inodes, names := map[string]uint64{}, map[uint64]string{}
	err := eachFile(dir, func(path string, info fs.FileInfo) {
		inodes[path], names[inode(info)] = inode(info), path
	})
	if err != nil {
		return nil, err
	}
	sums, err := sumsOf(slices.Collect(maps.Values(names)))
	if err != nil {
		return nil, err
	}
	c := content{}
	for path, ino := range inodes {
		c[path[len(dir):]] = file{ino, sums[names[ino]]}
	}
	return c, nil
}

// eachFile calls do for every regular file.
func eachFile(dir string, do func(path string, info fs.FileInfo)) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			do(path, info)
		}
		return err
	})
}

func inode(info fs.FileInfo) uint64 {
	st, _ := info.Sys().(*syscall.Stat_t)
	return uint64(st.Ino)
}

// verdict counts the copies that one inode a content would save.
func (c content) verdict() verdict {
	inodes := map[[32]byte]map[uint64]bool{}
	for _, f := range c {
		if inodes[f.sum] == nil {
			inodes[f.sum] = map[uint64]bool{}
		}
		inodes[f.sum][f.inode] = true
	}
	var v verdict
	for _, set := range inodes {
		if len(set) > 1 {
			v.Sets++
			v.Copies += len(set) - 1
		}
	}
	return v
}

// judge says what became of the tree: the verdict of before, if nothing is
// lost and nothing left to do.
func (c content) judge(after content) verdict {
	lost, other := 0, 0
	for path, f := range c {
		now, there := after[path]
		switch {
		case !there:
			lost++
		case now.sum != f.sum:
			other++
		}
	}
	want, left := c.verdict(), after.verdict()
	if lost+other == 0 && left.Copies == 0 && len(after) == len(c) {
		return want
	}
	return verdict{Note: fmt.Sprintf("%d of %d copies left, %d paths lost, %d with other content, %d new ones",
		left.Copies, want.Copies, lost, other, len(after)-(len(c)-lost))}
}

// sumsOf hashes files, several at a time.
func sumsOf(paths []string) (map[string][32]byte, error) {
	sums, errs := make([][32]byte, len(paths)), make([]error, readers)
	var group sync.WaitGroup
	for r := range readers {
		group.Go(func() {
			for i := r; i < len(paths) && errs[r] == nil; i += readers {
				sums[i], errs[r] = sumOf(paths[i])
			}
		})
	}
	group.Wait()
	byPath := make(map[string][32]byte, len(paths))
	for i, path := range paths {
		byPath[path] = sums[i]
	}
	return byPath, cmp.Or(errs...)
}

func sumOf(path string) (sum [32]byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return sum, err
	}
	h.Sum(sum[:0])
	return sum, nil
}

// readAll brings a tree into the page cache, as far as it fits.
func readAll(dir string) {
	paths := make(chan string, 1024)
	var group sync.WaitGroup
	for range readers {
		group.Go(func() {
			for path := range paths {
				if f, err := os.Open(path); err == nil {
					_, _ = io.Copy(io.Discard, f)
					f.Close()
				}
			}
		})
	}
	_ = eachFile(dir, func(path string, _ fs.FileInfo) { paths <- path })
	close(paths)
	group.Wait()
}
