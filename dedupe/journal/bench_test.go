package journal

import (
	"os"
	"testing"
	"time"
)

// BenchmarkReplacement writes what one replacement of a small file takes: the
// four records of it, flushed once in 4096 as Apply does. Compare with some
// 120 µs that the replacement itself takes.
func BenchmarkReplacement(b *testing.B) {
	w, err := Create(b.TempDir(), Begin{Version: Version, Run: "20261122T000000Z-00000000", Kind: KindDedupe, PID: os.Getpid(), Started: time.Now()})
	check(b, err)
	defer w.Close()
	var seq int64
	for b.Loop() {
		seq++
		w.Append(replacement(seq)...)
		if seq%4096 == 0 {
			check(b, w.Sync())
		}
	}
}

// replacement is what a journal has of one.
func replacement(seq int64) []Record {
	digest := "blake3:63d15110572729dec75a37b7cfacd42ddc6a8b48b82fcfe0dba22fa11b983a30"
	return []Record{
		{Set: &Set{Size: 4096, Digest: digest, Dev: 65024, Keeper: 9994289, Path: "/srv/library/by-artist/somebody/something.flac"}},
		{Old: &Old{Inode: 9994305, Mode: 33188, Mtime: 1795376473342753352, Atime: 1795376473340925325, Links: 1}},
		{Replace: &Replace{Seq: seq, Path: "/srv/library/by-year/1998/something.flac", DirDev: 65024, DirInode: 9994273, Temporary: ".oneinode-7309e9bd-f936fa2f151d85f7"}},
		{Done: &Done{Seq: seq, Freed: 4096}}}
}

// replacements are so many.
func replacements(n int64) (records []Record) {
	for seq := range n {
		records = append(records, replacement(seq+1)...)
	}
	return records
}

// BenchmarkDescribe reads what a list of runs tells of one that replaced 100,000 names.
func BenchmarkDescribe(b *testing.B) {
	path := write(b, b.TempDir(), "run", time.Now(), replacements(100_000)...)
	st, err := os.Stat(path)
	check(b, err)
	b.SetBytes(st.Size())
	for b.Loop() {
		j := &Journal{path: path}
		check(b, j.describe())
	}
}
