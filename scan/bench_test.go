package scan

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

const benchFiles = 20000

// benchTree makes 200 directories of 100 small files.
func benchTree(b *testing.B) string {
	dir := b.TempDir()
	for i := range benchFiles {
		sub := fmt.Sprintf("%s/%02d/%d", dir, i/1000, i/100%10)
		if i%100 == 0 {
			must(b, os.MkdirAll(sub, 0o755))
		}
		must(b, os.WriteFile(fmt.Sprintf("%s/name%08d", sub, i), nil, 0o644))
	}
	return dir
}

// BenchmarkScan compares the walk with the standard library's way.
func BenchmarkScan(b *testing.B) {
	dir := benchTree(b)
	perFile := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchFiles, "ns/file")
	}
	b.Run("oneinode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			tree, err := Scan(context.Background(), []Root{{Path: dir}}, Options{})
			if err != nil || tree.Len() != benchFiles {
				b.Fatal(err)
			}
			tree.Close()
		}
		perFile(b)
	})
	b.Run("WalkDir", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if n := walkDir(b, dir); n != benchFiles {
				b.Fatal(n)
			}
		}
		perFile(b)
	})
}

// walkDir keeps what a scan must know, the plain way.
func walkDir(b *testing.B, dir string) int {
	found := make(map[ID][]string)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil {
			return err
		}
		id := ID{uint64(st.Dev), st.Ino}
		found[id] = append(found[id], path)
		return nil
	})
	must(b, err)
	return len(found)
}

func BenchmarkOpener(b *testing.B) {
	dir := benchTree(b)
	tree, err := Scan(context.Background(), []Root{{Path: dir}}, Options{})
	must(b, err)
	defer tree.Close()
	o := tree.NewOpener()
	defer o.Close()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		fd, err := o.Open(Name(i % tree.Len()))
		must(b, err)
		unix.Close(fd)
	}
}
