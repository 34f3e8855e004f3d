package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// readers is how many files are read at the same time where nothing is measured.
const readers = 8

// content is what a tree holds: a digest for every path, and which inode it
// leads to.
type content struct {
	dir  string
	sums map[string][32]byte // by path below dir
	inos map[string]uint64
}

// contents reads every file of a tree, each inode once.
func contents(dir string) (*content, error) {
	c := &content{dir: dir, sums: map[string][32]byte{}, inos: map[string]uint64{}}
	paths := map[uint64]string{}
	err := eachFile(dir, func(path string, info fs.FileInfo) {
		c.inos[path[len(dir):]] = inode(info)
		paths[inode(info)] = path
	})
	if err != nil {
		return nil, err
	}
	list := make([]string, 0, len(paths))
	inos := make([]uint64, 0, len(paths))
	for ino, path := range paths {
		list, inos = append(list, path), append(inos, ino)
	}
	sums, err := sumsOf(list)
	if err != nil {
		return nil, err
	}
	byInode := make(map[uint64][32]byte, len(sums))
	for i, sum := range sums {
		byInode[inos[i]] = sum
	}
	for path, ino := range c.inos {
		c.sums[path] = byInode[ino]
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
func (c *content) verdict() verdict {
	inodes := map[[32]byte]map[uint64]bool{}
	for path, sum := range c.sums {
		if inodes[sum] == nil {
			inodes[sum] = map[uint64]bool{}
		}
		inodes[sum][c.inos[path]] = true
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
func (c *content) judge(after *content) verdict {
	lost, other := 0, 0
	for path, sum := range c.sums {
		now, there := after.sums[path]
		switch {
		case !there:
			lost++
		case now != sum:
			other++
		}
	}
	want, left := c.verdict(), after.verdict()
	if lost+other == 0 && left.Copies == 0 && len(after.sums) == len(c.sums) {
		return want
	}
	return verdict{Note: fmt.Sprintf("%d of %d copies left, %d paths lost, %d with other content, %d new ones",
		left.Copies, want.Copies, lost, other, len(after.sums)-(len(c.sums)-lost))}
}

// sumsOf hashes files, several at a time.
func sumsOf(paths []string) ([][32]byte, error) {
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
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return sums, nil
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
