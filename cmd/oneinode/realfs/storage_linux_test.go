package realfs_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The numbers of linux/fiemap.h.
const (
	fsIocFiemap     = 0xc020660b
	fiemapSync      = 0x1
	fiemapLast      = 0x1
	fiemapInline    = 0x200
	fiemapHeader    = 32
	fiemapExtent    = 56
	fiemapCount     = 200
	fiemapFlagShift = 40
)

// Storage tells where the filesystem keeps a file, as text: two files with the
// same text share every block. "" is a file without blocks of its own: empty, a
// hole, or so short that it lies inside its inode.
func Storage(t testing.TB, path string) string {
	t.Helper()
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	var pieces []piece
	buf := make([]byte, fiemapHeader+fiemapCount*fiemapExtent)
	for at, last := uint64(0), false; !last; {
		clear(buf)
		binary.NativeEndian.PutUint64(buf, at)
		binary.NativeEndian.PutUint64(buf[8:], ^uint64(0)-at)
		binary.NativeEndian.PutUint32(buf[16:], fiemapSync)
		binary.NativeEndian.PutUint32(buf[24:], fiemapCount)
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), fsIocFiemap, uintptr(unsafe.Pointer(&buf[0]))); errno != 0 {
			t.Fatalf("fiemap %s: %v", path, errno)
		}
		n := binary.NativeEndian.Uint32(buf[20:])
		last = n == 0
		for i := range int(n) {
			e := buf[fiemapHeader+i*fiemapExtent:]
			p := piece{binary.NativeEndian.Uint64(e), binary.NativeEndian.Uint64(e[8:]), binary.NativeEndian.Uint64(e[16:])}
			flags := binary.NativeEndian.Uint32(e[fiemapFlagShift:])
			at, last = p.logical+p.length, flags&fiemapLast != 0
			if flags&fiemapInline == 0 {
				pieces = joined(pieces, p)
			}
		}
	}
	return strings.Trim(fmt.Sprint(pieces), "[]")
}

// piece is where a part of a file lies; bytes.
type piece struct{ logical, physical, length uint64 }

// joined adds a piece; two that touch in the file and on the disk are one.
func joined(pieces []piece, p piece) []piece {
	if n := len(pieces) - 1; n >= 0 {
		q := &pieces[n]
		if q.logical+q.length == p.logical && q.physical+q.length == p.physical {
			q.length += p.length
			return pieces
		}
	}
	return append(pieces, p)
}

// storages is the Storage of every file of a tree, by path as in its Manifest.
func storages(t testing.TB, dir string, tree Tree) map[string]string {
	t.Helper()
	found := map[string]string{}
	for path, e := range tree {
		if e.Type == unix.S_IFREG {
			found[path] = Storage(t, filepath.Join(dir, path))
		}
	}
	return found
}

// Apart counts the copies that could still share: for every content of a domain
// (nil: all is one) the places where it is stored beyond the first.
func Apart(t testing.TB, dir string, domain func(path string) string) int {
	t.Helper()
	tree := Manifest(t, dir)
	stored := storages(t, dir, tree)
	classes := map[string]map[string]bool{}
	for path, where := range stored {
		if where == "" {
			continue
		}
		key := tree[path].SHA
		if domain != nil {
			key += domain(path)
		}
		if classes[key] == nil {
			classes[key] = map[string]bool{}
		}
		classes[key][where] = true
	}
	spare := 0
	for _, places := range classes {
		spare += len(places) - 1
	}
	return spare
}

// shareableSizes: whole blocks, and tails that are none.
var shareableSizes = []int{8192, 12_345, 20_480, 40_001, 8193}

// makeShareable makes a tree of dirs directories with perDir files each, five
// contents in all, each too long to lie inside an inode.
func makeShareable(t testing.TB, dir string, dirs, perDir int) {
	t.Helper()
	for d := range dirs {
		sub := filepath.Join(dir, fmt.Sprintf("d%02d", d))
		must(t, os.Mkdir(sub, 0o755))
		for i := range perDir {
			must(t, os.WriteFile(filepath.Join(sub, fmt.Sprintf("f%02d", i)), noise(uint64(i%5), shareableSizes[i%5]), 0o644))
		}
	}
}

// noise is content that no filesystem can compress; the same seed gives the same.
func noise(seed uint64, n int) []byte {
	b := make([]byte, n)
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	rand.NewChaCha8(key).Read(b)
	return b
}

// reflinking makes the filesystems on which blocks can be shared.
var reflinking = map[string]func(t testing.TB) string{
	"btrfs": func(t testing.TB) string { return Btrfs(t, Disk{}) },
	"xfs":   func(t testing.TB) string { return XFS(t, Disk{Mkfs: []string{"-m", "reflink=1"}}) },
}

// eachReflinking runs a test on each of them.
func eachReflinking(t *testing.T, test func(t *testing.T, disk string)) {
	for name, disk := range reflinking {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, disk(t))
		})
	}
}

// Followed is the Manifest with each symbolic link that leads to a file replaced
// by what a reader of that path sees.
func Followed(t testing.TB, dir string) Tree {
	t.Helper()
	tree := Manifest(t, dir)
	for path, e := range tree {
		if e.Type != unix.S_IFLNK {
			continue
		}
		fd, err := unix.Open(filepath.Join(dir, path), unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
		if err != nil {
			continue // it leads nowhere, and stays as it is in the tree
		}
		must(t, tree.followed(fd, path))
	}
	return tree
}

// followed takes over fd.
func (tree Tree) followed(fd int, path string) error {
	f := os.NewFile(uintptr(fd), path)
	defer f.Close()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return err
	}
	return tree.content(f, path, entry(&st))
}

// awaitJournal waits until a run has written its first intentions down, or has
// ended. It reports whether there were some.
func awaitJournal(oneinode *Program, done <-chan struct{}) bool {
	for {
		files, _ := filepath.Glob(filepath.Join(oneinode.State, "runs", "*.journal"))
		if slices.ContainsFunc(files, hasIntentions) {
			return true
		}
		select {
		case <-done:
			return false
		case <-time.After(200 * time.Microsecond):
		}
	}
}

// hasIntentions: beside its first line, the journal has some more.
func hasIntentions(journal string) bool {
	b, err := os.ReadFile(journal)
	return err == nil && strings.Count(string(b), "\n") > 1
}

// reading lets readers go over the paths of a tree all the time; stop ends them.
// Each path must be there with its content at every instant.
func reading(t testing.TB, dir string, before Tree) (stop func()) {
	t.Helper()
	var paths []string
	for path, e := range before {
		if e.Type == unix.S_IFREG {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	want := map[string]string{}
	for _, path := range paths {
		b, err := os.ReadFile(filepath.Join(dir, path))
		must(t, err)
		want[path] = string(b)
	}
	quit, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		for {
			path := paths[rand.IntN(len(paths))]
			if b, err := os.ReadFile(filepath.Join(dir, path)); err != nil || string(b) != want[path] {
				t.Errorf("%s showed %d bytes for a moment, want %d: %v", path, len(b), len(want[path]), err)
				return
			}
			select {
			case <-quit:
				return
			case <-time.After(50 * time.Microsecond):
			}
		}
	}()
	return func() {
		close(quit)
		<-gone
	}
}

// TestStorage shows that Storage and Apart tell shared blocks from others.
func TestStorage(t *testing.T) {
	t.Parallel()
	eachReflinking(t, func(t *testing.T, disk string) {
		dir := newTree(t, disk)
		content := noise(1, 300_001)
		for _, name := range []string{"a", "b"} {
			must(t, os.WriteFile(filepath.Join(dir, name), content, 0o644))
		}
		if n := Apart(t, dir, nil); n != 1 {
			t.Errorf("two copies: %d apart", n)
		}
		tool(t, "cp", "--reflink=always", filepath.Join(dir, "a"), filepath.Join(dir, "c"))
		if n := Apart(t, dir, nil); n != 1 {
			t.Errorf("two copies and a reflink: %d apart", n)
		}
		must(t, os.Remove(filepath.Join(dir, "b")))
		if n := Apart(t, dir, nil); n != 0 {
			t.Errorf("a reflink: %d apart", n)
		}
		f, err := os.OpenFile(filepath.Join(dir, "c"), os.O_WRONLY, 0)
		must(t, err)
		_, err = f.WriteAt(content[8192:12_288], 8192)
		must(t, err)
		must(t, f.Close())
		if n := Apart(t, dir, nil); n != 1 {
			t.Errorf("a reflink written to: %d apart", n)
		}
	})
}
