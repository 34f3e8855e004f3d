package hash

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/hash/cache"
)

// sharingDir mounts a new filesystem whose files can share extents.
func sharingDir(t *testing.T, kind string) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("mounting needs root")
	}
	image, dir := filepath.Join(t.TempDir(), "image"), t.TempDir()
	plant(t, image, nil)
	if err := os.Truncate(image, 320<<20); err != nil {
		t.Fatal(err)
	}
	run := func(name string, args ...string) {
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			t.Skipf("%s: %v: %s", name, err, strings.TrimSpace(string(out)))
		}
	}
	run("mkfs."+kind, "-q", "-f", image)
	run("mount", "-o", "loop", image, dir)
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	var stat unix.Cachestat_t
	if f := readOnly(t, dir); unix.Cachestat(uint(f), &unix.CachestatRange{}, &stat, 0) == unix.ENOSYS {
		t.Skip("the kernel does not tell of dirty pages")
	}
	return dir
}

// twin makes a copy of a file that shares all extents with it.
func twin(t testing.TB, from, to string) {
	t.Helper()
	dst, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	defer dst.Close()
	src, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if err := unix.IoctlFileClone(int(dst.Fd()), int(src.Fd())); err != nil {
		t.Skip("no reflinks:", err)
	}
}

// synced has everything on disk and the ctime of all files at rest.
func synced(t testing.TB, dir string) {
	t.Helper()
	f, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := unix.Syncfs(int(f.Fd())); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * tick)
}

// TestTwinsAgreeWithOracle has files of several contents, each with twins, real
// copies, twins that were changed afterwards, with and without reaching the
// disk, and holes, of sizes around the limits.
func TestTwinsAgreeWithOracle(t *testing.T) {
	for _, kind := range []string{"btrfs", "xfs"} {
		t.Run(kind, func(t *testing.T) {
			dir := sharingDir(t, kind)
			rnd := rand.New(rand.NewPCG(1, 2))
			number := 0
			path := func() string { number++; return filepath.Join(dir, fmt.Sprint(number)) }
			var last []string
			for _, size := range []int{wholeSize - 1, wholeSize, wholeSize + 1, firstChunk + chunkSize - 1, firstChunk + chunkSize, 1 << 20, 1<<20 + 1} {
				base := filled(uint64(size), size)
				for _, b := range [][]byte{base, except(base, size-1), except(base, headSize), append(make([]byte, size-5), "holes"...)} {
					first := path()
					plant(t, first, b)
					plant(t, path(), b)
					synced(t, dir)
					for range 3 {
						to := path()
						twin(t, first, to)
						last = append(last, to)
					}
				}
			}
			change := func() {
				for _, p := range last {
					if rnd.IntN(3) == 0 {
						f, err := os.OpenFile(p, os.O_WRONLY, 0)
						if err != nil {
							t.Fatal(err)
						}
						defer f.Close()
						st, _ := f.Stat()
						if _, err := f.WriteAt([]byte{byte(rnd.IntN(2))}, rnd.Int64N(st.Size())); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
			change()
			synced(t, dir)
			change() // stays in the page cache
			tree := scanned(t, dir)
			want := oracle(t, tree)
			for _, opts := range []Options{{}, {Digests: true}, {BestFirst: true}, {Device: DeviceHDD}, {Digests: true, Workers: 1}} {
				res := found(t, tree, opts)
				if got := pathsOf(res); got != want {
					t.Errorf("%+v: got\n%s\nwant\n%s", opts, got, want)
				}
			}
		})
	}
}

// TestTwinsOfALostLead: when the file that is read for its twins changes, one of
// them is read instead, and found equal to the copy.
func TestTwinsOfALostLead(t *testing.T) {
	dir := sharingDir(t, "btrfs")
	const size = 4 << 20
	b := filled(1, size)
	for round, c := range []struct {
		digests bool
		after   int64
	}{{false, headSize}, {true, headSize}, {false, 3 * headSize}, {true, 3 * headSize}, {false, 2 << 20}} {
		at := func(name string) string { return filepath.Join(dir, fmt.Sprint(round), name) }
		plant(t, at("lead"), b)
		synced(t, dir)
		twin(t, at("lead"), at("twin-1"))
		twin(t, at("lead"), at("twin-2"))
		plant(t, at("copy"), b)
		plant(t, at("other"), except(b, size-1))
		synced(t, dir)
		tree := scanned(t, filepath.Join(dir, fmt.Sprint(round)))
		var once sync.Once
		var told skips
		var read int64
		var mu sync.Mutex
		res, err := Find(t.Context(), tree, Options{Workers: 1, Digests: c.digests, OnSkip: told.add, OnRead: func(n int64) {
			mu.Lock()
			defer mu.Unlock()
			if read += n; read > c.after { // beyond three heads it is the lockstep
				once.Do(func() { plant(t, at("lead"), except(b, 0)) })
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := pathsOf(res), at("copy")+" "+at("twin-1")+" "+at("twin-2"); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if len(told.list) != 1 || told.list[0].Path != at("lead") || told.list[0].Reason != ReasonChanged {
			t.Errorf("told %+v", told.list)
		}
		for _, set := range res.Sets {
			if (set.Digest != Digest{}) != c.digests {
				t.Errorf("digest %v", set.Digest)
			}
		}
	}
}

// TestTwinsAndTheCache: an interrupted or a further run knows of twins what it
// knows of their lead, and nothing that is not so.
func TestTwinsAndTheCache(t *testing.T) {
	dir := sharingDir(t, "btrfs")
	const size = 1 << 20
	b := filled(1, size)
	plant(t, filepath.Join(dir, "a"), b)
	plant(t, filepath.Join(dir, "b"), except(b, size-1))
	plant(t, filepath.Join(dir, "c"), b)
	synced(t, dir)
	twin(t, filepath.Join(dir, "a"), filepath.Join(dir, "twin of a"))
	twin(t, filepath.Join(dir, "b"), filepath.Join(dir, "twin of b"))
	synced(t, dir)
	time.Sleep(racyAge + 2*tick)
	store := cache.In(t.TempDir())
	for night := range 3 {
		tree := scanned(t, dir)
		res := found(t, tree, Options{Cache: store, OnCache: noCacheTrouble(t)})
		if got, want := pathsOf(res), oracle(t, tree); got != want {
			t.Errorf("night %d: got\n%s\nwant\n%s", night, got, want)
		}
		if night > 0 && res.BytesRead != 0 {
			t.Errorf("night %d: %d bytes read", night, res.BytesRead)
		}
	}
}
