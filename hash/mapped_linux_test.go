package hash

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// warmPair makes two files of noise that the page cache has, and that differ at each of the
// places.
func warmPair(t testing.TB, size int64, places ...int64) (root string) {
	t.Helper()
	noise := make([]byte, size)
	rand.NewChaCha8([32]byte{1}).Read(noise)
	list := files{"1": noise}
	list["2"] = bytes.Clone(noise)
	for _, at := range places {
		list["2"][at]++
	}
	return planted(t, list)
}

// TestWarm: what the page cache has is not copied from there, is read to the byte, and the
// answer and the digest are the same.
func TestWarm(t *testing.T) {
	const size = windowSize + 2*stripeSize + 5
	root := warmPair(t, size)
	unix.Sync()
	if fd := readOnly(t, filepath.Join(root, "1")); !isCached(fd, 0, size) {
		t.Skip("the kernel (before 6.5) does not tell what its page cache has, or the filesystem keeps none")
	}
	for _, digests := range []bool{false, true} {
		before := copied(t)
		res := found(t, scanned(t, root), Options{Digests: digests})
		if got := copied(t) - before; !digests && got > size/2 {
			t.Errorf("%d bytes were copied of two files of %d", got, size)
		}
		if len(res.Sets) != 1 {
			t.Fatalf("sets %+v", res.Sets)
		}
		checkSets(t, res, digests)
		if !digests && res.BytesRead != 2*(size+headSize) {
			t.Errorf("%d bytes read of two files of %d", res.BytesRead, size)
		}
	}
}

// copied is how many bytes the process has read so far.
func copied(t *testing.T) (n int64) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/io")
	if err != nil {
		t.Skip(err)
	}
	for line := range strings.Lines(string(text)) {
		if _, err := fmt.Sscanf(line, "rchar: %d", &n); err == nil {
			return n
		}
	}
	t.Skip("no rchar in /proc/self/io")
	return 0
}

// TestWarmParts: files in the page cache are told apart wherever they differ.
func TestWarmParts(t *testing.T) {
	t.Parallel()
	const size = windowSize + 3*stripeSize
	for _, at := range []int64{firstChunk + chunkSize, stripeSize - 1, stripeSize, 2*stripeSize + 7, size - stripeSize} {
		root := warmPair(t, size, at)
		for _, digests := range []bool{false, true} {
			if res := found(t, scanned(t, root), Options{Digests: digests}); len(res.Sets) != 0 {
				t.Errorf("files that differ at %d: %+v", at, res.Sets)
			}
		}
	}
}

// TestWarmClass: files that part one after the other, each in a stripe of its own or two in
// one, give the sets and the digests that they should. They begin alike: what is the last class is
// compared by all workers from the beginning.
func TestWarmClass(t *testing.T) {
	t.Parallel()
	const size = windowSize + 5*stripeSize + 7
	root := t.TempDir()
	for i, at := range []int64{3*stripeSize + 1, 3*stripeSize + 1, 3*stripeSize + 9, windowSize + 1, windowSize + 1, size - 1} {
		plant(t, filepath.Join(root, fmt.Sprint(i)), except(filled(7, size), int(at)))
	}
	unix.Sync() // only then do files keep the room that they take
	for _, digests := range []bool{false, true} {
		tree := scanned(t, root)
		res := found(t, tree, Options{Digests: digests})
		checkOracle(t, res)
		checkSets(t, res, digests)
	}
}

// TestEqualMapped: what is not in the page cache is not seen, what is is compared in each file, and no
// mapping is left.
func TestEqualMapped(t *testing.T) {
	t.Parallel()
	const size = 2 * stripeSize
	for name, c := range map[string]struct {
		differ     []int64
		drop       bool
		same, seen bool
	}{
		"same":   {nil, false, true, true},
		"differ": {[]int64{stripeSize + 1}, false, false, true},
		"before": {[]int64{stripeSize - 1}, false, true, true},
		"cold":   {nil, true, false, false},
	} {
		root := warmPair(t, size, c.differ...)
		fds := []int{readOnly(t, root+"/1"), readOnly(t, root+"/1"), readOnly(t, root+"/2")}
		if !isCached(fds[0], 0, size) {
			t.Skip("the kernel (before 6.5) does not tell what its page cache has")
		}
		if c.drop {
			if err := unix.Fsync(fds[2]); err != nil {
				t.Fatal(err)
			}
			if dropPages(fds[2], 0, 0); isCached(fds[2], 0, size) {
				t.Skip("the filesystem keeps all its files in memory")
			}
		}
		if same, seen := equalMapped(fds, stripeSize, stripeSize); same != c.same || seen != c.seen {
			t.Errorf("%s: same %v, seen %v", name, same, seen)
		}
		if maps, err := os.ReadFile("/proc/self/maps"); err != nil || bytes.Contains(maps, []byte(root)) {
			t.Errorf("%s: %v, or a mapping is left", name, err)
		}
	}
}

// TestMayMap: only where nobody changes files but through this kernel, and who reads need not
// ask for leave.
func TestMayMap(t *testing.T) {
	t.Parallel()
	tree := scanned(t, planted(t, files{"f": {1}, "g": {1}}))
	throttled := Options{Throttle: func(context.Context, int64) error { return nil }}
	for _, c := range []struct {
		kind string
		opts Options
		want bool
	}{
		{"ext4", Options{}, true}, {"overlay", Options{}, true}, {"ext4", throttled, false},
		{"fuse", Options{}, false}, {"fuse.sshfs", Options{}, false}, {"virtiofs", Options{}, false},
	} {
		tree.Filesystems()[tree.Domain(0)].Type = c.kind
		s := newSearch(tree, c.opts, false)
		p := s.newPacer(newSchedule(nil, 0), &s.pools[0])
		begun := p.begin(newRecords(tree, s.groups).members)
		if begun.warm != c.want || len(begun.members) != 2 {
			t.Errorf("%s, %d members: %v", c.kind, len(begun.members), begun.warm)
		}
		begun.close()
		p.close()
	}
}

// TestFaults: a file that is cut while it is mapped does not end the program.
func TestFaults(t *testing.T) {
	t.Parallel()
	path := filepath.Join(planted(t, files{"f": make([]byte, stripeSize)}), "f")
	at, err := mapped(readOnly(t, path), 0, stripeSize)
	if err != nil {
		t.Skip(err)
	}
	defer func() { _ = unix.Munmap(at) }()
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	if !faults(func() { bytes.Equal(at, make([]byte, len(at))) }) || faults(func() {}) {
		t.Error("no fault where the file was cut, or one elsewhere")
	}
	defer func() {
		if recover() == nil {
			t.Error("a panic of another kind was taken for a fault")
		}
	}()
	faults(func() { panic("another kind") })
}
