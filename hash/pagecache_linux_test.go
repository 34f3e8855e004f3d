package hash

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oneinode/oneinode/scan"
	"golang.org/x/sys/unix"
)

// TestPageCacheIsLeftAsFound: files that were not in the page cache are not there
// afterwards, those that were still are.
func TestPageCacheIsLeftAsFound(t *testing.T) {
	const size = 2*dropStep + 1
	b := filled(1, size)
	root := planted(t, files{"cold-1": b, "cold-2": b, "warm-1": except(b, size-1), "warm-2": except(b, size-1)})
	fds := map[string]int{}
	for _, name := range []string{"cold-1", "cold-2", "warm-1", "warm-2"} {
		f, err := os.Open(root + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
		fds[name] = int(f.Fd())
		if name[:4] == "cold" {
			dropPages(fds[name], 0, 0)
		}
	}
	if !isCold(fds["cold-1"], size) || isCold(fds["warm-1"], size) {
		t.Skip("the page cache cannot be asked or emptied here")
	}
	warm := 0
	for _, opts := range []Options{{}, {Digests: true}} {
		res := found(t, scanned(t, root), opts)
		if len(res.Sets) != 2 {
			t.Fatalf("%d sets", len(res.Sets))
		}
		for name, fd := range fds {
			if name[:4] == "warm" && isCold(fd, size) {
				t.Errorf("%s was thrown out of the page cache", name)
			}
			if name[:4] == "cold" && !isCold(fd, size) {
				warm++
			}
		}
	}
	// The kernel keeps a page that is on its way between two of its lists.
	if warm > 2 {
		t.Errorf("%d of 4 times a file was left in the page cache", warm)
	}
}

// TestStay: a file that is compared with several others is in the page cache in between, and is
// not there afterwards.
func TestStay(t *testing.T) {
	const size = 3*dropStep + 5
	root := warmPair(t, size)
	lead, other := readOnly(t, root+"/1"), readOnly(t, root+"/2")
	if err := unix.Fsync(lead); err != nil {
		t.Fatal(err)
	}
	if dropPages(lead, 0, 0); !isCold(lead, size) {
		t.Skip("the page cache cannot be asked or emptied here")
	}
	if done := Stay(lead, mostStaying+1); !isCold(lead, size) {
		done()
		t.Error("so large a file is read beforehand")
	}
	done := Stay(lead, size)
	if same, err := SameBytes(t.Context(), lead, other, size); !same || err != nil {
		t.Fatal(same, err)
	}
	stayed, err := cachedPages(lead, 0, size)
	done()
	left, _ := cachedPages(lead, 0, size)
	if err != nil || stayed < size/2/int64(os.Getpagesize()) || left > stayed/2 {
		t.Errorf("%d pages stayed, %d are left, %v", stayed, left, err)
	}
}

// TestPageCacheOfOneRead: who compares two files, or sums one, leaves the page cache as it
// was found, too.
func TestPageCacheOfOneRead(t *testing.T) {
	const size = 3*dropStep - 5 // the last step is not a whole one
	root := warmPair(t, size)
	cold, warm := readOnly(t, root+"/1"), readOnly(t, root+"/2")
	for _, fd := range []int{cold, warm} {
		if err := unix.Fsync(fd); err != nil {
			t.Fatal(err)
		}
	}
	if dropPages(cold, 0, 0); !isCold(cold, size) || isCold(warm, size) {
		t.Skip("the page cache cannot be asked or emptied here")
	}
	for name, read := range map[string]func() error{
		"SameBytes, the first": func() error { _, err := SameBytes(t.Context(), cold, warm, size); return err },
		"SameBytes, the other": func() error { _, err := SameBytes(t.Context(), warm, cold, size); return err },
		"Sum":                  func() error { _, err := Sum(t.Context(), cold, size); return err },
	} {
		left := 0
		for range 4 {
			dropPages(cold, 0, 0)
			if err := read(); err != nil {
				t.Fatal(err)
			}
			if !isCold(cold, size) {
				left++
			}
		}
		// The kernel keeps a page that is on its way between two of its lists.
		if left > 2 || isCold(warm, size) {
			t.Errorf("%s: %d of 4 times the cold file was left in the page cache; the warm one is there: %v", name, left, !isCold(warm, size))
		}
	}
}

// TestPageCacheOfAnOverlay: what others use of files that an overlay shows stays in the page
// cache, where the kernel has it as pages of the layer.
func TestPageCacheOfAnOverlay(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("mounting needs root")
	}
	const size = 4 << 20
	lower, upper, work, merged := planted(t, files{"1": filled(1, size), "2": filled(1, size)}), t.TempDir(), t.TempDir(), t.TempDir()
	if err := unix.Mount("overlay", merged, "overlay", 0, "lowerdir="+lower+",upperdir="+upper+",workdir="+work); err != nil {
		t.Skip("mounting an overlay:", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(merged, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	tree := scanned(t, merged)
	synced(t, lower) // dirty pages would stay anyhow
	layer := readOnly(t, lower+"/1")
	if !isCached(layer, 0, size) {
		t.Skip("the kernel (before 6.5) does not tell what its page cache has")
	}
	if res := found(t, tree, Options{}); len(res.Sets) != 1 {
		t.Fatalf("sets %+v", res.Sets)
	}
	if !isCached(layer, 0, size) {
		t.Error("the file was thrown out of the page cache")
	}
}

// chill takes all files of a tree out of the page cache.
func chill(t *testing.T, tree *scan.Tree) {
	t.Helper()
	for n := range scan.Name(tree.Len()) {
		fd := readOnly(t, tree.Path(n))
		if err := unix.Fsync(fd); err != nil {
			t.Fatal(err)
		}
		if !dropped(fd, tree.Size(n)) {
			t.Skip("the page cache cannot be asked or emptied here")
		}
	}
}

// dropped tries for a second: the kernel keeps pages that are on their way between its lists.
func dropped(fd int, size int64) bool {
	for range 50 {
		if dropPages(fd, 0, 0); isCold(fd, size) {
			return true
		}
		time.Sleep(20 * time.Millisecond)
	}
	return false
}

// A crowd is hashed one file after the other, by another way.
func TestPageCacheOfACrowd(t *testing.T) {
	const size = 2 << 20
	list := files{}
	for i := range maxClass + 2 {
		list[fmt.Sprint(i)] = filled(1, size)
	}
	tree := scanned(t, planted(t, list))
	chill(t, tree)
	found(t, tree, Options{})
	warm := 0
	for n := range scan.Name(tree.Len()) {
		if !isCold(readOnly(t, tree.Path(n)), size) {
			warm++
		}
	}
	// The kernel keeps a page that is on its way between two of its lists.
	if warm > tree.Len()/8 {
		t.Errorf("%d of %d files are in the page cache", warm, tree.Len())
	}
}

// TestPageCacheMeanwhile: no more than a part of a large file that was not in the page
// cache is there at any time.
func TestPageCacheMeanwhile(t *testing.T) {
	for _, c := range []struct {
		name      string
		size, max int64 // bytes
		count     int
		workers   int
	}{
		{"step by step", 256 << 20, 3*dropStep + tailChunks*chunkSize, 2, 1},
		{"wide", 8 * windowSize, 3 * windowSize, 2, 0},
		{"crowd", 32 << 20, 3 * dropStep, maxClass + 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "crowd" && testing.Short() {
				t.Skip("short: gigabytes are hashed, by what the other cases drop pages with, too")
			}
			root, fds := sparse(t, c.count, c.size)
			if scanned(t, root).Filesystem(0).InMemory {
				t.Skip("a hole of a file in memory takes none when it is read")
			}
			if _, err := cached(fds[0]); err != nil {
				t.Skipf("the page cache cannot be asked here: %v", err)
			}
			var reads, most atomic.Int64
			opts := Options{Workers: c.workers, OnRead: func(int64) {
				if reads.Add(1)%8 == 0 {
					for _, fd := range fds {
						n, _ := cached(fd)
						raise(&most, n)
					}
				}
			}}
			if res := found(t, scanned(t, root), opts); len(res.Sets) != 1 {
				t.Fatalf("%d sets", len(res.Sets))
			}
			m := most.Load()
			if m == 0 || m > c.max {
				t.Errorf("up to %d bytes of a file of %d were in the page cache, want some, but not over %d", m, c.size, c.max)
			}
		})
	}
}

// cached is how many bytes of a file are in the page cache.
func cached(fd int) (int64, error) {
	var stat unix.Cachestat_t
	err := unix.Cachestat(uint(fd), &unix.CachestatRange{}, &stat, 0)
	return int64(stat.Cache) * int64(os.Getpagesize()), err
}

func raise(most *atomic.Int64, to int64) {
	for now := most.Load(); now < to && !most.CompareAndSwap(now, to); now = most.Load() {
	}
}

// TestPageCacheOfSamples: of a crowd's files only the beginning is read; what somebody has
// of the rest in the page cache stays.
func TestPageCacheOfSamples(t *testing.T) {
	const size = 4 * sampleSize
	root, fds := sparse(t, maxClass+1, size)
	if scanned(t, root).Filesystem(0).InMemory {
		t.Skip("a hole of a file in memory takes none when it is read")
	}
	for i, fd := range fds {
		path := filepath.Join(root, fmt.Sprint(i))
		b := append(make([]byte, 2*headSize), byte(i), byte(i>>8)) // they part in their samples
		if err := errors.Join(os.WriteFile(path, b, 0o644), os.Truncate(path, size)); err != nil {
			t.Fatal(err)
		}
		if err := unix.Fsync(fd); err != nil {
			t.Fatal(err)
		}
		dropPages(fd, 0, 0)
	}
	if _, err := unix.Pread(fds[0], make([]byte, sampleSize), size-sampleSize); err != nil {
		t.Fatal(err)
	}
	before, err := cached(fds[0])
	if err != nil {
		t.Skipf("the page cache cannot be asked here: %v", err)
	}
	res := found(t, scanned(t, root), Options{})
	if want := int64(len(fds)) * (3*headSize + sampleSize); res.BytesRead != want {
		t.Errorf("%d bytes read, want %d", res.BytesRead, want)
	}
	if after, _ := cached(fds[0]); before < sampleSize || after < before {
		t.Errorf("%d bytes of a file in use were in the page cache, now %d", before, after)
	}
}

// TestReadsNoFurther: where files part early, no more of them comes from the disk than
// was asked for.
func TestReadsNoFurther(t *testing.T) {
	const size, count = 8 << 20, 16
	list := files{}
	for i := range count {
		b := filled(1, size)
		b[size-1] = byte(i) // in the last chunk, which comes after the first
		list[fmt.Sprint(i)] = b
	}
	tree := scanned(t, planted(t, list))
	chill(t, tree)
	var asked atomic.Int64
	before := fromDisk(t)
	found(t, tree, Options{OnRead: func(n int64) { asked.Add(n) }})
	from := fromDisk(t) - before
	if from == 0 {
		t.Skip("the files lie in memory")
	}
	if most := asked.Load() / 8 * 9; from > most { // an eighth for what else the process may need
		t.Errorf("%d bytes came from the disk, want up to %d", from, most)
	}
}

// fromDisk returns how many bytes the process has had read from disks (proc_pid_io(5)).
func fromDisk(t *testing.T) (n int64) {
	t.Helper()
	b, err := os.ReadFile("/proc/self/io")
	if err != nil {
		t.Skip(err)
	}
	_, b, _ = bytes.Cut(b, []byte("\nread_bytes: "))
	if _, err := fmt.Sscan(string(b), &n); err != nil {
		t.Fatal(err)
	}
	return n
}
