package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// verdict is an answer in a form to compare, and what it comes to.
type verdict struct {
	sum    [32]byte
	sets   int
	copies int // files beyond the first of each set
}

func (v verdict) String() string { return fmt.Sprintf("%d sets, %d copies", v.sets, v.copies) }

// judge condenses sets of paths. Of hard links to one inode the first counts.
func judge(sets [][]string) verdict {
	var lines []string
	v := verdict{}
	for _, set := range sets {
		paths := onePerInode(set)
		if len(paths) < 2 {
			continue
		}
		v.sets++
		v.copies += len(paths) - 1
		lines = append(lines, strings.Join(paths, "\x00"))
	}
	slices.Sort(lines)
	v.sum = sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return v
}

func onePerInode(set []string) []string {
	var paths []string
	seen := map[uint64]bool{}
	for _, path := range set {
		if abs, err := filepath.Abs(path); err == nil {
			path = abs
		}
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return slices.DeleteFunc(paths, func(path string) bool {
		info, err := os.Lstat(path)
		if err != nil {
			return false
		}
		st, ok := info.Sys().(*syscall.Stat_t)
		if !ok || st.Nlink == 1 {
			return false
		}
		defer func() { seen[st.Ino] = true }()
		return seen[st.Ino]
	})
}

// oracle finds the sets the plainest way there is: sha256 of every file of which
// another has the size.
func oracle(dir string) (verdict, error) {
	bySize := map[int64][]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Size() > 0 {
			bySize[info.Size()] = append(bySize[info.Size()], path)
		}
		return err
	})
	if err != nil {
		return verdict{}, err
	}
	byContent := map[[32]byte][]string{}
	for _, paths := range bySize {
		if len(paths) < 2 {
			continue
		}
		for _, path := range paths {
			sum, err := sumOf(path)
			if err != nil {
				return verdict{}, err
			}
			byContent[sum] = append(byContent[sum], path)
		}
	}
	var sets [][]string
	for _, set := range byContent {
		sets = append(sets, set)
	}
	return judge(sets), nil
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
