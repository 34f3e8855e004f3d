package hash

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/hash/cache"
	"github.com/oneinode/oneinode/scan"
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

// TestTwinsOfManyDisks: where equal places may be those of different disks every file is read.
func TestTwinsOfManyDisks(t *testing.T) {
	dir := sharingDir(t, "btrfs")
	plant(t, filepath.Join(dir, "a"), filled(1, 1<<20))
	synced(t, dir)
	twin(t, filepath.Join(dir, "a"), filepath.Join(dir, "b"))
	synced(t, dir)
	for kind, want := range map[string]bool{"btrfs": true, "bcachefs": false} {
		tree := scanned(t, dir)
		tree.Filesystem(0).Type = kind
		res := found(t, tree, Options{})
		checkOracle(t, res)
		if got := res.Sets[0].Members[1].Unread; got != want || res.Shared(res.Sets[0].Members[1]) == 0 {
			t.Errorf("%s: unread %v, want %v", kind, got, want)
		}
	}
}

// TestTwinsMoved: files that were moved together while they were parked lie in one place
// again, and none is forgotten.
func TestTwinsMoved(t *testing.T) {
	dir := sharingDir(t, "btrfs")
	plant(t, filepath.Join(dir, "0"), filled(1, 1<<20))
	synced(t, dir)
	for i := range 4 {
		twin(t, filepath.Join(dir, "0"), filepath.Join(dir, fmt.Sprint(i+1)))
	}
	synced(t, dir)
	s := newSearch(scanned(t, dir), Options{}, false)
	recs := newRecords(s.tree, s.groups)
	recs.members[0].state = present
	c := &claim{place: 99, lead: &recs.members[0], digest: recs.digests.at(0)} // where they lay
	for i := range recs.members[1:] {
		m, d := recs.at(i + 1)
		c.parked = append(c.parked, parked{m, d})
	}
	s.twins.claims = map[uint32]*claim{99: c}
	s.settleTwins(t.Context())
	for i := range recs.members {
		if discarded(&recs.members[i]) || i > 0 && *recs.digests.at(i) == (Digest{}) {
			t.Errorf("%s is left out", s.tree.Path(recs.members[i].Name))
		}
	}
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
// them is read instead, and found equal to the copies; and if that changes as well, the
// others are a set.
func TestTwinsOfALostLead(t *testing.T) {
	dir := sharingDir(t, "btrfs")
	const size = 1 << 20
	b := filled(1, size)
	const heads = 7 // beyond so many it is the lockstep
	for round, c := range []struct {
		digests bool
		after   int64
		again   bool
	}{
		{false, headSize, false}, {true, headSize, false}, {false, heads * headSize, false}, {true, heads * headSize, false},
		{false, 2 << 20, false}, {false, heads * headSize, true}, {true, heads * headSize, true},
	} {
		at := func(name string) string { return filepath.Join(dir, fmt.Sprint(round), name) }
		plant(t, at("lead"), b)
		synced(t, dir)
		for i := range 3 {
			twin(t, at("lead"), at(fmt.Sprint("twin-", i+1)))
		}
		for _, name := range []string{"copy-1", "copy-2", "lost"} {
			plant(t, at(name), b)
		}
		plant(t, at("other"), except(b, size-1))
		for _, name := range []string{"pair-1", "pair-2"} {
			plant(t, at(name), b[:wholeSize+1])
		}
		synced(t, dir)
		tree := scanned(t, filepath.Join(dir, fmt.Sprint(round)))
		var once, twice sync.Once
		var told skips
		var read int64
		var mu sync.Mutex
		res, err := Find(t.Context(), tree, Options{Workers: 1, Digests: c.digests, OnSkip: told.add, OnRead: func(n int64) {
			mu.Lock()
			defer mu.Unlock()
			if c.again && len(told.list) > 0 {
				twice.Do(func() { plant(t, at("twin-1"), b[:1]) })
			}
			if read += n; read > c.after {
				once.Do(func() {
					plant(t, at("lead"), except(b, 0))
					if c.after > headSize { // else its lease would make us wait
						plant(t, at("lost"), except(b, 0))
					}
				})
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		copies, twins, lost := []string{at("copy-1"), at("copy-2")}, []string{at("twin-1"), at("twin-2"), at("twin-3")}, 2
		if c.after == headSize {
			copies, lost = append(copies, at("lost")), 1
		}
		want := asText([][]string{slices.Concat(copies, twins), {at("pair-1"), at("pair-2")}})
		if c.again {
			want, lost = asText([][]string{copies, twins[1:], {at("pair-1"), at("pair-2")}}), 3
		}
		if got := pathsOf(res); got != want {
			t.Errorf("%+v: got\n%s\nwant\n%s", c, got, want)
		}
		if len(told.list) != lost {
			t.Errorf("%+v: told %+v", c, told.list)
		}
		for _, set := range res.Sets {
			if (set.Digest != Digest{}) != c.digests {
				t.Errorf("digest %v", set.Digest)
			}
			if !slices.IsSortedFunc(set.Members, func(a, b Member) int { return byInode(tree, a.Name, b.Name) }) {
				t.Errorf("%+v: not in the order of inodes", c)
			}
			for _, m := range set.Members { // one that failed early is nobody's lead
				path := res.Tree.Path(m.Name)
				if late := path == at("twin-2") && (!c.again || !c.digests) || path == at("twin-3"); m.Unread != (late && c.after > headSize) {
					t.Errorf("%+v: %s unread: %v", c, path, m.Unread)
				}
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
	plant(t, filepath.Join(dir, "d"), except(b, size-2))
	plant(t, filepath.Join(dir, "e"), b[1:]) // with its twin alone
	synced(t, dir)
	for _, name := range []string{"a", "b", "d", "e"} {
		twin(t, filepath.Join(dir, name), filepath.Join(dir, "twin of "+name))
	}
	synced(t, dir)
	time.Sleep(racyAge + 2*tick)
	store := cache.In(t.TempDir())
	for night := range 3 {
		tree := scanned(t, dir)
		var done atomic.Int64
		res := found(t, tree, Options{Cache: store, OnCache: noCacheTrouble(t), OnDone: func(n, _ int64) { done.Add(n) }})
		if got, want := pathsOf(res), oracle(t, tree); got != want {
			t.Errorf("night %d: got\n%s\nwant\n%s", night, got, want)
		}
		if done.Load() != res.Candidates {
			t.Errorf("night %d: %d of %d done", night, done.Load(), res.Candidates)
		}
		for _, set := range res.Sets {
			for _, m := range set.Members { // what is shared does not become free
				if path := tree.Path(m.Name); (res.Shared(m) > 0) != (filepath.Base(path) != "c") {
					t.Errorf("night %d: %s shares %d bytes", night, path, res.Shared(m))
				}
			}
		}
		if night == 0 && res.BytesRead != 5*headSize+4*size || night > 0 && res.BytesRead != 0 {
			t.Errorf("night %d: %d bytes read", night, res.BytesRead)
		}
	}
}

// TestTwinsAlone: files that all lie in one place are a set, also if the one that is read
// for them changes meanwhile.
func TestTwinsAlone(t *testing.T) {
	dir := sharingDir(t, "btrfs")
	for round, c := range []struct {
		twins         int
		digests, lost bool
	}{{2, false, false}, {2, true, false}, {2, true, true}, {1, true, true}} {
		at := func(name string) string { return filepath.Join(dir, fmt.Sprint(round), name) }
		b := filled(1, 1<<20)
		plant(t, at("lead"), b)
		synced(t, dir)
		for i := range c.twins {
			twin(t, at("lead"), at(fmt.Sprint("twin-", i)))
		}
		synced(t, dir)
		var read, done int64
		opts := Options{Workers: 1, Digests: c.digests, OnDone: func(n, _ int64) { done += n }, OnRead: func(n int64) {
			if read += n; c.lost && read == headSize+chunkSize {
				plant(t, at("lead"), except(b, 0))
			}
		}}
		tree := scanned(t, filepath.Dir(at("lead")))
		before := openDescriptors(t)
		res, err := Find(t.Context(), tree, opts)
		if err != nil {
			t.Fatal(err)
		}
		if after := openDescriptors(t); after > before {
			t.Errorf("%d descriptors before, %d after", before, after)
		}
		checkOracle(t, res)
		if checkSets(t, res, c.digests); done != res.Candidates {
			t.Errorf("%+v: %d of %d done", c, done, res.Candidates)
		}
		for _, set := range res.Sets {
			for i, m := range set.Members {
				if m.Unread != (i > 0 || !c.digests) { // the first is read for all
					t.Errorf("%+v: %s unread: %v", c, res.Tree.Path(m.Name), m.Unread)
				}
			}
		}
		want := int64(headSize) // and as often as there is a digest to make for two or more
		if c.digests {
			want += int64(len(b))
		}
		if c.lost && c.twins > 1 {
			want += int64(len(b))
		}
		if read != want {
			t.Errorf("%+v: %d bytes read, want %d", c, read, want)
		}
	}
}

// TestTwinsYoung: a file that has changed since the walk, other than in its content, lies where it lay.
func TestTwinsYoung(t *testing.T) {
	dir := sharingDir(t, "btrfs")
	plant(t, filepath.Join(dir, "a"), filled(1, 2*chunkSize))
	synced(t, dir)
	for _, name := range []string{"b", "c"} {
		twin(t, filepath.Join(dir, "a"), filepath.Join(dir, name))
	}
	synced(t, dir)
	tree := scanned(t, dir)
	for n := range scan.Name(tree.Len()) {
		chmod(t, tree.Path(n), 0o600)
	}
	var done atomic.Int64
	res := found(t, tree, Options{OnDone: func(n, _ int64) { done.Add(n) }})
	if checkOracle(t, res); res.BytesRead != headSize || done.Load() != res.Candidates {
		t.Errorf("%d bytes read, %d of %d done", res.BytesRead, done.Load(), res.Candidates)
	}
}

// TestTwinsReadNoFurther: where a digest is wanted a file that has parted from its like is read for its
// twins, and not where it has none.
func TestTwinsReadNoFurther(t *testing.T) {
	dir := sharingDir(t, "btrfs")
	b := filled(1, 3*chunkSize)
	plant(t, filepath.Join(dir, "a"), b)
	plant(t, filepath.Join(dir, "other"), except(b, headSize))
	synced(t, dir)
	twin(t, filepath.Join(dir, "a"), filepath.Join(dir, "twin"))
	synced(t, dir)
	res := found(t, scanned(t, dir), Options{Digests: true})
	checkSets(t, res, true)
	if want := int64(2*headSize + 2*firstChunk + len(b)); len(res.Sets) != 1 || res.BytesRead != want {
		t.Errorf("sets %v, %d bytes read, want %d", pathsOf(res), res.BytesRead, want)
	}
}

// TestTwinsStopped: a search that is stopped anywhere ends, and does not count as done.
func TestTwinsStopped(t *testing.T) {
	dir := sharingDir(t, "btrfs")
	b := filled(1, 2*chunkSize)
	for name, content := range (files{"a": b, "copy": b, "other": except(b, len(b)-1), "alone": b[1:]}) {
		plant(t, filepath.Join(dir, name), content)
	}
	synced(t, dir)
	for _, name := range []string{"a", "alone"} {
		for i := range 2 {
			twin(t, filepath.Join(dir, name), filepath.Join(dir, fmt.Sprintf("%s-%d", name, i)))
		}
	}
	synced(t, dir)
	for _, digests := range []bool{false, true} {
		for at := int64(1); stop(t, dir, Options{Digests: digests}, at, fmt.Sprintf("digests %v, read %d", digests, at)); at++ {
		}
	}
}

// TestLeads: of files that lie in one place the first stands for the others, but not for those
// that the cache knows: nobody has looked twice where they lie.
func TestLeads(t *testing.T) {
	s := &search{layout: &layout{of: map[scan.Name]uint32{0: 1, 1: 2, 2: 1, 3: 1, 5: 1}}}
	s.twins.of = map[scan.Name][]Member{}
	members := membersOf(present, present, present, present, present, present)
	members[3].Unread = true
	n := s.leads(members)
	names := func(list []Member) (names []scan.Name) {
		for _, m := range list {
			names = append(names, m.Name)
		}
		return names
	}
	if got, want := names(members[:n]), []scan.Name{0, 1, 3, 4}; !slices.Equal(got, want) {
		t.Errorf("kept %v, want %v", got, want)
	}
	if got, want := names(s.twins.of[0]), []scan.Name{2, 5}; len(s.twins.of) != 1 || !slices.Equal(got, want) {
		t.Errorf("twins %v, want %v", s.twins.of, want)
	}
}
