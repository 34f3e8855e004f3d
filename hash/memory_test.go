package hash

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oneinode/oneinode/hash/cache"
	"github.com/oneinode/oneinode/scan"
)

// stamped walks a root as a run with a cache does. In memory nothing is remembered: what lies
// there counts as on disk.
func stamped(t testing.TB, root string) *scan.Tree {
	t.Helper()
	tree, err := scan.Scan(t.Context(), []scan.Root{{Path: root}}, scan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tree.Close() })
	for i := range tree.Filesystems() {
		if fs := &tree.Filesystems()[i]; fs.InMemory {
			fs.Type, fs.InMemory = "ext4", false
		}
	}
	return tree
}

// settled waits until files made just now may be remembered.
func settled() { time.Sleep(racyAge + 50*time.Millisecond) }

func noCacheTrouble(t testing.TB) func(error) {
	return func(err error) { t.Helper(); t.Error(err) }
}

// TestMemoryAgreesWithOracle searches random trees again and again with one
// cache, with changes in between.
func TestMemoryAgreesWithOracle(t *testing.T) {
	t.Parallel()
	var roots []string
	for seed := range uint64(seeds(6)) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		root := planted(t, randomFiles(rnd))
		addLinksAndHoles(t, rnd, root)
		roots = append(roots, root)
	}
	store := cache.In(t.TempDir())
	for round := range 3 {
		settled()
		for i, root := range roots {
			want, known := oracle(t, stamped(t, root)), sums{}
			for _, opts := range []Options{{}, {Digests: true}, {Confirm: func(*Result, *Set) bool { return true }}} {
				checkRound(t, store, root, opts, want, known, fmt.Sprintf("round %d, tree %d, %+v", round, i, opts.Digests))
			}
			changeSome(t, rand.New(rand.NewPCG(uint64(round), uint64(i))), root)
		}
	}
}

// checkRound searches three times: the third time there is nothing left to find out. The
// second one may have to put together what different searches have found out.
func checkRound(t *testing.T, store *cache.Cache, root string, opts Options, want string, known sums, label string) {
	t.Helper()
	opts.Cache, opts.OnCache = store, noCacheTrouble(t)
	for again := range 3 {
		var done atomic.Int64
		opts.OnDone = func(n, _ int64) { done.Add(n) }
		res := found(t, stamped(t, root), opts)
		if got := pathsOf(res); got != want {
			t.Fatalf("%s:\n%s\nwant\n%s", label, got, want)
		}
		if done.Load() != res.Candidates {
			t.Errorf("%s: %d of %d done", label, done.Load(), res.Candidates)
		}
		known.check(t, res, opts.Digests)
		if again == 2 && opts.Confirm == nil && res.BytesRead != 0 {
			t.Errorf("%s: %d bytes read though all is known", label, res.BytesRead)
		}
		if opts.Confirm != nil {
			checkAllRead(t, res, label)
		}
	}
}

// checkAllRead: what was read is at least the content of all sets.
func checkAllRead(t *testing.T, res *Result, label string) {
	t.Helper()
	var bytes int64
	for _, set := range res.Sets {
		bytes += set.Size * int64(len(set.Members))
		for _, m := range set.Members {
			if m.Unread {
				t.Errorf("%s: %s was not read", label, res.Tree.Path(m.Name))
			}
		}
	}
	if res.BytesRead < bytes {
		t.Errorf("%s: %d bytes read of sets with %d", label, res.BytesRead, bytes)
	}
}

// changeSome changes a few files, keeping their sizes, and copies some. One gets
// its old mtime back.
func changeSome(t *testing.T, rnd *rand.Rand, root string) {
	t.Helper()
	paths, err := filepath.Glob(root + "/*/*")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		path := paths[rnd.IntN(len(paths))]
		st, err := os.Stat(path)
		if err != nil || st.Size() == 0 {
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		plant(t, fmt.Sprintf("%s/d0/copy-%d-%x", root, i, rnd.Uint64()), b)
		plant(t, path, except(b, rnd.IntN(len(b))))
		if i == 0 {
			if err := os.Chtimes(path, st.ModTime(), st.ModTime()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestMemoryAsksOnlyWhatMatters has one set that may become one inode and one
// that may not, small and large: only the files of the first are read.
func TestMemoryAsksOnlyWhatMatters(t *testing.T) {
	t.Parallel()
	list := files{}
	for i, size := range []int{100, 3 * wholeSize} {
		for k, kind := range []string{"link", "hold"} {
			for j := range 2 {
				list[fmt.Sprintf("%s-%d-%d", kind, i, j)] = filled(uint64(2*i+k), size+k)
			}
		}
		list[fmt.Sprintf("other-%d", i)] = filled(77, size)
	}
	root := planted(t, list)
	settled()
	opts := Options{Digests: true, Cache: cache.In(t.TempDir()), OnCache: noCacheTrouble(t)}
	first := found(t, stamped(t, root), opts)
	opts.Confirm = func(res *Result, set *Set) bool {
		return filepath.Base(res.Tree.Path(set.Members[0].Name))[:4] == "link"
	}
	res := found(t, stamped(t, root), opts)
	if got, want := pathsOf(res), pathsOf(first); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	checkSets(t, res, true)
	for _, set := range res.Sets {
		for _, m := range set.Members {
			if path := res.Tree.Path(m.Name); m.Unread != (filepath.Base(path)[:4] == "hold") {
				t.Errorf("%s: unread %v", path, m.Unread)
			}
		}
	}
	if want := int64(2*100 + 2*3*wholeSize); res.BytesRead != want {
		t.Errorf("%d bytes read, want %d", res.BytesRead, want)
	}
	plant(t, root+"/link-0-new", list["link-0-0"])
	if again := found(t, stamped(t, root), opts); again.BytesRead != res.BytesRead+100 {
		t.Errorf("%d bytes read with a new file of 100, want %d", again.BytesRead, res.BytesRead+100)
	}
}

// TestMemoryIsNotBelieved gives the cache wrong digests: sets that are confirmed
// must not come from it.
func TestMemoryIsNotBelieved(t *testing.T) {
	t.Parallel()
	cases := []struct{ size, alike int }{{100, 0}, {3 * wholeSize, 0}, {3 * wholeSize, 2 * wholeSize}}
	var roots []string
	for _, c := range cases {
		begin := filled(3, c.alike)
		with := func(kind uint64) []byte { return slices.Concat(begin, filled(kind, c.size-c.alike)) }
		roots = append(roots, planted(t, files{"a": with(1), "b": with(2), "c": with(2)}))
	}
	settled()
	for i, c := range cases {
		root, store := roots[i], cache.In(t.TempDir())
		opts := Options{Digests: c.alike == 0, Cache: store, OnCache: noCacheTrouble(t), Confirm: func(*Result, *Set) bool { return true }}
		found(t, stamped(t, root), opts)
		var lies []cache.Entry
		if err := store.Each(func(e *cache.Entry) {
			e.Digest = Digest{1}
			lies = append(lies, *e)
		}); err != nil {
			t.Fatal(err)
		}
		if err := store.Update(slices.Values(lies)); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second one believes what the first has put right
			if got, want := pathsOf(found(t, stamped(t, root), opts)), root+"/b "+root+"/c"; got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			opts.Confirm = nil
		}
	}
}

// TestMemoryLeavesRacyFilesOut: what was changed just now is not remembered.
func TestMemoryLeavesRacyFilesOut(t *testing.T) {
	large := filled(2, wholeSize+1)
	root := planted(t, files{"a": filled(1, 100), "b": filled(1, 100), "large-1": large, "large-2": large})
	store := cache.In(t.TempDir())
	opts := Options{Cache: store, OnCache: noCacheTrouble(t)}
	first := found(t, stamped(t, root), opts)
	if info, err := store.Info(); err != nil || info.Entries != 0 {
		t.Errorf("%+v, %v", info, err)
	}
	if res := found(t, stamped(t, root), opts); res.BytesRead != first.BytesRead {
		t.Errorf("%d bytes read, want %d", res.BytesRead, first.BytesRead)
	}
	settled()
	plant(t, root+"/late", filled(1, 100))
	if err := os.Chtimes(root+"/late", time.Time{}, time.Unix(1, 0)); err != nil { // its ctime tells
		t.Fatal(err)
	}
	found(t, stamped(t, root), opts)
	if info, err := store.Info(); err != nil || info.Entries != 6 || info.Files != 4 {
		t.Errorf("%+v, %v: want those that are old", info, err)
	}
}

// TestMemoryDamaged: a cache that is not intact is told of and has no say.
func TestMemoryDamaged(t *testing.T) {
	t.Parallel()
	list := files{"a": filled(1, 100), "b": filled(1, 100), "c": filled(2, 100)}
	for i := range 3 { // alike at the beginning only
		list[fmt.Sprint("large-", i)] = except(filled(3, 2*wholeSize), wholeSize+i)
	}
	root := planted(t, list)
	settled()
	store := cache.In(t.TempDir())
	opts := Options{Cache: store, OnCache: noCacheTrouble(t)}
	first := found(t, stamped(t, root), opts)
	want := pathsOf(first)
	b, err := os.ReadFile(store.Path())
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-1] ^= 1
	if err := os.WriteFile(store.Path(), b, 0o600); err != nil {
		t.Fatal(err)
	}
	var told []error
	opts.OnCache = func(err error) { told = append(told, err) }
	res := found(t, stamped(t, root), opts)
	if got := pathsOf(res); got != want || res.BytesRead != first.BytesRead {
		t.Errorf("%d bytes read, got\n%s", res.BytesRead, got)
	}
	if _, ok := errors.AsType[*cache.DamagedError](errors.Join(told...)); !ok || len(told) != 1 {
		t.Errorf("told %v", told)
	}
	opts.OnCache = noCacheTrouble(t)
	if res := found(t, stamped(t, root), opts); res.BytesRead != 0 {
		t.Errorf("%d bytes read after the new beginning", res.BytesRead)
	}
}

// TestMemoryOfSome: a search that meets only some of the files that are equal takes
// nothing from what is known of the others.
func TestMemoryOfSome(t *testing.T) {
	t.Parallel()
	big := filled(1, 3*wholeSize)
	root := planted(t, files{"0/a": big, "1/b": big, "1/c": big, "0/other": except(big, len(big)-1)})
	settled()
	opts := Options{Cache: cache.In(t.TempDir()), OnCache: noCacheTrouble(t)}
	some := opts
	some.Digests = true
	for _, o := range []struct {
		root string
		Options
	}{{root, opts}, {root + "/1", some}, {root + "/1", opts}, {root, opts}, {root, some}} {
		tree := stamped(t, o.root)
		if got, want := pathsOf(found(t, tree, o.Options)), oracle(t, tree); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", o.root, got, want)
		}
	}
}

// TestMemoryBestFirst: what is known is known in each order.
func TestMemoryBestFirst(t *testing.T) {
	t.Parallel()
	list := files{}
	for i, size := range []int{100, 200, 2 * wholeSize, 3 * wholeSize} {
		for j := range 6 {
			list[fmt.Sprintf("%d-%d", i, j)] = except(filled(uint64(i), size), size-1-j/2)
		}
	}
	root := planted(t, list)
	settled()
	opts := Options{Cache: cache.In(t.TempDir()), OnCache: noCacheTrouble(t)}
	for night := range 3 {
		res := found(t, stamped(t, root), opts)
		if checkOracle(t, res); night > 0 && res.BytesRead != 0 {
			t.Errorf("night %d: %d bytes read though all is known", night, res.BytesRead)
		}
		opts.BestFirst = true
	}
}

// TestMemoryOfOverwritten: a file that was overwritten with what another one holds is not
// mixed up with what it was.
func TestMemoryOfOverwritten(t *testing.T) {
	t.Parallel()
	x, y := filled(1, 3*wholeSize), filled(2, 3*wholeSize)
	roots, opts := map[string]string{}, map[string]Options{}
	for _, over := range []string{"a", "b", "c"} {
		roots[over] = planted(t, files{"a": x, "b": x, "c": x, "d": y})
		opts[over] = Options{Cache: cache.In(t.TempDir()), OnCache: noCacheTrouble(t)}
	}
	settled()
	for over, root := range roots {
		found(t, stamped(t, root), opts[over])
		if err := os.WriteFile(filepath.Join(root, over), y, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	settled()
	for over, root := range roots {
		for range 3 {
			tree := stamped(t, root)
			if got, want := pathsOf(found(t, tree, opts[over])), oracle(t, tree); got != want {
				t.Errorf("%s overwritten: got\n%s\nwant\n%s", over, got, want)
			}
		}
	}
}

// TestMemoryStopped: of a search that is stopped while it looks at what the cache knows,
// no set has a member that nobody has looked at.
func TestMemoryStopped(t *testing.T) {
	t.Parallel()
	list := files{}
	for i := range 1000 {
		list[fmt.Sprintf("d/%d", i)] = filled(uint64(i/2), 300)
	}
	root := planted(t, list)
	settled()
	opts := Options{Cache: cache.In(t.TempDir()), OnCache: noCacheTrouble(t), Workers: 1}
	found(t, stamped(t, root), opts)
	busy, err := os.OpenFile(root+"/d/500", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var done atomic.Int64
	opts.OnDone = func(n, _ int64) { done.Add(n) }
	opts.OnSkip = func(scan.Skip) { cancel() }
	opts.Confirm = func(*Result, *Set) bool { return true }
	res, err := Find(ctx, stamped(t, root), opts)
	if err == nil {
		t.Skip("no leases here: nothing stopped it")
	}
	if done.Load() >= res.Candidates {
		t.Errorf("%d of %d done", done.Load(), res.Candidates)
	}
	for _, set := range res.Sets {
		for _, m := range set.Members {
			if !m.Unread || int(m.Attrs) >= len(res.attrs) {
				t.Fatalf("%s counts as read: %d bytes were", res.Tree.Path(m.Name), res.BytesRead)
			}
		}
	}
}

// TestMemoryOfImages: where other files may have the same numbers and times on another
// day, nothing is remembered nor recalled.
func TestMemoryOfImages(t *testing.T) {
	t.Parallel()
	large := filled(2, wholeSize+1)
	root := planted(t, files{"a": filled(1, 100), "b": filled(1, 100), "large-1": large, "large-2": large})
	const all = 2 * (100 + headSize + wholeSize + 1)
	settled()
	opts := Options{Cache: cache.In(t.TempDir()), OnCache: noCacheTrouble(t)}
	known := int64(0)
	for _, kind := range []string{"squashfs", "vfat", "fuse.sshfs", "tmpfs", "overlay", "ext4", "squashfs"} {
		tree := stamped(t, root)
		fs := &tree.Filesystems()[tree.Domain(0)]
		fs.Type, fs.InMemory = kind, kind == "tmpfs"
		if res := found(t, tree, opts); res.BytesRead != all {
			t.Errorf("%s: %d bytes read, want %d", kind, res.BytesRead, all)
		}
		if info, err := opts.Cache.Info(); err != nil || kind != "ext4" && info.Entries > known {
			t.Errorf("%s: %d entries, %v", kind, info.Entries, err)
		} else {
			known = info.Entries
		}
	}
	if res := found(t, stamped(t, root), opts); res.BytesRead != 0 {
		t.Errorf("%d bytes read though all is known", res.BytesRead)
	}
}

// TestNumberOfCopies: a disk image and a copy of it, mounted side by side, have one id and
// the same inode numbers. What numbers a content in one stands for no other in the other.
func TestNumberOfCopies(t *testing.T) {
	tree := stamped(t, planted(t, files{"a": []byte("same"), "b": []byte("same")}))
	s := newSearch(tree, Options{Cache: cache.In(t.TempDir())}, false)
	original := s.number(0, 1)
	tree.Filesystems()[tree.Domain(0)].Dev++
	if s.number(0, 1) == original {
		t.Error("one number for the files of both")
	}
}

// TestTake: an entry of which any one fact is not the file's has no say.
func TestTake(t *testing.T) {
	tree := stamped(t, planted(t, files{"a": []byte("same"), "b": []byte("same")}))
	s := newSearch(tree, Options{Cache: cache.In(t.TempDir())}, false)
	recs := newRecords(tree, s.groups)
	facts := tree.Facts(recs.members[0].Name)
	for name, c := range map[string]struct {
		change func(*cache.Entry)
		want   bool
	}{
		"as it is":     {func(*cache.Entry) {}, true},
		"size":         {func(e *cache.Entry) { e.Size++ }, false},
		"mtime":        {func(e *cache.Entry) { e.Mtime++ }, false},
		"ctime":        {func(e *cache.Entry) { e.Ctime++ }, false},
		"of the begin": {func(e *cache.Entry) { e.Kind = cache.Head }, false},
	} {
		recs.members[0].state = absent
		e := cache.Entry{Size: 4, Mtime: facts.Mtime, Ctime: facts.Ctime, Kind: cache.Whole, Digest: Digest{1}}
		c.change(&e)
		(&recollection{search: s, recs: recs}).take(0, &e)
		if got := isRecalled(&recs.members[0]); got != c.want {
			t.Errorf("%s: believed %v", name, got)
		}
	}
}

// TestTakeLarge: what the cache says of the whole of a large file counts only beside what it says of
// its beginning: else files that begin alike would be a set that nobody has compared.
func TestTakeLarge(t *testing.T) {
	tree := stamped(t, planted(t, files{"a": filled(1, wholeSize+1), "b": filled(1, wholeSize+1)}))
	s := newSearch(tree, Options{Cache: cache.In(t.TempDir())}, false)
	recs := newRecords(tree, s.groups)
	facts := tree.Facts(recs.members[0].Name)
	p := &recollection{search: s, recs: recs}
	for i, c := range []struct {
		kind     cache.Kind
		contents int
		recalled bool
	}{{cache.Parted, 0, false}, {cache.Head, 0, true}, {cache.Whole, 1, true}} {
		p.take(0, &cache.Entry{Size: wholeSize + 1, Mtime: facts.Mtime, Ctime: facts.Ctime, Kind: c.kind, Digest: Digest{1}})
		if len(p.contents) != c.contents || isRecalled(&recs.members[0]) != c.recalled {
			t.Errorf("entry %d: %d contents, recalled %v", i, len(p.contents), isRecalled(&recs.members[0]))
		}
	}
}

// TestMemoryOfNone: files that part while they are compared and change before the end are
// equal to nothing, and nothing is remembered of them.
func TestMemoryOfNone(t *testing.T) {
	x, y := filled(1, 3*wholeSize), filled(1, 3*wholeSize)
	y[2*wholeSize]++
	tree := stamped(t, planted(t, files{"a": x, "b": x, "c": y, "d": y}))
	left := int64(4 * headSize)
	opts := Options{Cache: cache.In(t.TempDir()), OnCache: noCacheTrouble(t), Workers: 1}
	opts.OnRead = func(n int64) {
		if left -= n; left >= 0 {
			return
		}
		for i := range tree.Len() {
			if err := os.Chmod(tree.Path(scan.Name(i)), 0o600); err != nil {
				t.Error(err)
			}
		}
		left = 1 << 40 // once is enough
	}
	if res, err := Find(t.Context(), tree, opts); err != nil || len(res.Sets) != 0 {
		t.Errorf("%v, sets %v of files that have changed", err, pathsOf(res))
	}
}

// TestMemoryOfACrowd: what is found out about more files than may be open together is
// remembered: of those whose sample nobody else has, and of those that are hashed whole.
func TestMemoryOfACrowd(t *testing.T) {
	t.Parallel()
	root, _ := sparse(t, 2*maxClass+5, sampleSize+headSize)
	for i := range maxClass {
		at := int64(headSize + i) // 3 alike, the others alone
		if i < 3 {
			at = headSize
		}
		f, err := os.OpenFile(filepath.Join(root, fmt.Sprint(i)), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt([]byte{1}, at); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	settled()
	opts := Options{Cache: cache.In(t.TempDir()), OnCache: noCacheTrouble(t)}
	for night := range 2 {
		var done atomic.Int64
		opts.OnDone = func(n, _ int64) { done.Add(n) }
		res := found(t, stamped(t, root), opts)
		checkOracle(t, res)
		if night > 0 && res.BytesRead != 0 {
			t.Errorf("%d bytes read though all is known", res.BytesRead)
		}
		if done.Load() != res.Candidates {
			t.Errorf("night %d: %d of %d done", night, done.Load(), res.Candidates)
		}
	}
}

// TestCacheKey: the id of a filesystem stays when its device number does not.
func TestCacheKey(t *testing.T) {
	for id, same := range map[uint64]bool{7: true, 0: false} {
		a, b := scan.Filesystem{Type: "ext4", ID: id, Dev: 1}, scan.Filesystem{Type: "ext4", ID: id, Dev: 2}
		if got := CacheKey(&a) == CacheKey(&b); got != same {
			t.Errorf("id %d: one key: %v", id, got)
		}
		if b.ID++; CacheKey(&a) == CacheKey(&b) {
			t.Errorf("id %d: one key for two ids", id)
		}
	}
}

// TestEntries: a small file that was read has one, a large one two; who wants no more gets
// no more.
func TestEntries(t *testing.T) {
	t.Parallel()
	small, large := filled(1, 100), filled(2, wholeSize+1)
	root := planted(t, files{"a": small, "b": small, "c": large, "d": large, "e": small})
	settled()
	s := newSearch(stamped(t, root), Options{Cache: cache.In(t.TempDir())}, false)
	recs := newRecords(s.tree, s.groups)
	for i := range recs.members {
		m := &recs.members[i]
		if s.tree.Path(m.Name) != root+"/e" {
			m.state = present
		}
		if isLarge(s.tree.Size(m.Name)) {
			s.memory.contents[m.Name] = content{whole: true}
		}
	}
	for stop := range 8 {
		n := 0
		for range s.entries(recs) {
			if n++; n > stop {
				break
			}
		}
		if want := min(stop+1, 6); n != want {
			t.Errorf("%d entries, want %d", n, want)
		}
	}
}

// TestMemoryOfTwoMounts: what is known of a filesystem is found again when it is mounted
// twice.
func TestMemoryOfTwoMounts(t *testing.T) {
	t.Parallel()
	other, err := os.MkdirTemp("/dev/shm", "oneinode-hash-")
	if err != nil {
		t.Skip("no second filesystem at /dev/shm:", err)
	}
	defer os.RemoveAll(other)
	root := planted(t, files{"a": filled(1, 100), "b": filled(1, 100), "c": filled(2, 2*wholeSize), "d": filled(2, 2*wholeSize)})
	for name, b := range (files{"e": filled(3, 100), "f": filled(3, 100), "g": filled(4, 3*wholeSize), "h": filled(4, 3*wholeSize)}) {
		plant(t, filepath.Join(other, name), b)
	}
	settled()
	opts := Options{Cache: cache.In(t.TempDir()), OnCache: noCacheTrouble(t)}
	for night := range 2 {
		tree := scanned(t, root, other)
		if len(tree.Filesystems()) < 2 {
			t.Skip("/dev/shm and the temporary directory are one filesystem")
		}
		for i := range tree.Filesystems() { // as one is seen twice
			fs := &tree.Filesystems()[i]
			fs.ID, fs.Type, fs.InMemory = 7, "ext4", false
		}
		res := found(t, tree, opts)
		if checkOracle(t, res); night > 0 && res.BytesRead != 0 {
			t.Errorf("%d bytes read though all is known", res.BytesRead)
		}
	}
}

// TestLowest: records of several runs come in the order of their inodes.
func TestLowest(t *testing.T) {
	tree := fakeTree{{ino: 2}, {ino: 5}, {ino: 1, domain: 1}, {ino: 2, domain: 1}, {ino: 9, domain: 1}}
	recs := &records{tree: tree, members: membersOf(present, present, present, present, present)}
	runs := []*run{{0, 2}, {2, 5}}
	var got []int
	for i, ok := recs.lowest(runs); ok; i, ok = recs.lowest(runs) {
		got = append(got, i)
	}
	if want := []int{2, 0, 3, 1, 4}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestSeek: a run goes on to an inode, and not beyond it.
func TestSeek(t *testing.T) {
	recs := &records{tree: fakeTree{{ino: 2}, {ino: 5}, {ino: 9}}, members: membersOf(absent, absent, absent)}
	r := &run{0, 2}
	for _, c := range []struct {
		ino   uint64
		at    int
		known bool
	}{{1, 0, false}, {2, 0, true}, {2, 0, true}, {3, 0, false}, {5, 1, true}, {9, 0, false}} {
		if at, known := r.seek(recs, c.ino); at != c.at || known != c.known {
			t.Errorf("inode %d: %d, %v", c.ino, at, known)
		}
	}
}

// TestMemoryUnwritable: each time that the cache cannot be written is told, and the answer
// is the same.
func TestMemoryUnwritable(t *testing.T) {
	t.Parallel()
	small, large := filled(1, 100), filled(2, 2*wholeSize)
	root := planted(t, files{"a": small, "b": small, "c": large, "d": large})
	settled()
	dir := filepath.Join(t.TempDir(), "dangling")
	if err := os.Symlink("nowhere", dir); err != nil {
		t.Fatal(err)
	}
	var told []error
	opts := Options{Cache: cache.In(dir), OnCache: func(err error) { told = append(told, err) }}
	checkOracle(t, found(t, stamped(t, root), opts))
	if len(told) != 2 {
		t.Errorf("told %v, want that of the first stage and that of the large files", told)
	}
}

// TestSavedMeanwhile: of a long search what is known is saved now and then, if there is a cache,
// and nothing is read twice.
func TestSavedMeanwhile(t *testing.T) {
	tree := stamped(t, planted(t, files{"a": filled(1, 100), "b": filled(1, 100)}))
	dir := filepath.Join(t.TempDir(), "dangling")
	if err := os.Symlink("nowhere", dir); err != nil {
		t.Fatal(err)
	}
	for ago, want := range map[time.Duration]int{0: 1, saveEvery + time.Second: 2} {
		told, last := 0, 2*saveStep
		s := newSearch(tree, Options{Cache: cache.In(dir), OnCache: func(error) { told++ }}, false)
		s.memory.quiet, s.memory.saved = time.Now().Add(time.Hour).UnixNano(), time.Now().Add(-ago)
		recs := &records{tree, s.groups, make([]Member, last+1), newDigests(last + 1)}
		for i := range recs.members {
			recs.members[i].state = recalled
		}
		recs.members[0], recs.members[last] = Member{Name: 0}, Member{Name: 1}
		if s.firstSteps(t.Context(), recs); told != want || s.read.Load() != 200 {
			t.Errorf("saved %d times, want %d, %d bytes read", told, want, s.read.Load())
		}
		s.memory = nil
		recs.members[0], recs.members[last] = Member{Name: 0}, Member{Name: 1}
		if s.firstSteps(t.Context(), recs); s.read.Load() != 400 {
			t.Errorf("%d bytes read without a cache", s.read.Load()-200)
		}
	}
}

// TestWorst: where a damaged cache was set aside, that is what is told.
func TestWorst(t *testing.T) {
	damaged, missing := &cache.DamagedError{}, errors.New("missing")
	for i, c := range []struct {
		errs []error
		want error
	}{
		{nil, nil}, {[]error{nil, nil}, nil}, {[]error{nil, missing, nil}, missing},
		{[]error{damaged, missing, nil}, damaged}, {[]error{missing, damaged}, damaged},
	} {
		var parts []*recollection
		for _, err := range c.errs {
			parts = append(parts, &recollection{err: err})
		}
		if got := worst(parts); got != c.want {
			t.Errorf("%d: %v, want %v", i, got, c.want)
		}
	}
}

// TestLatest: of what was noted of a file the last counts.
func TestLatest(t *testing.T) {
	note := func(fs, ino uint64, digest byte) cache.Entry {
		return cache.Entry{FS: fs, Ino: ino, Kind: cache.Whole, Digest: Digest{digest}}
	}
	got := latest([]cache.Entry{note(1, 2, 1), note(1, 1, 2), note(2, 2, 3), note(1, 2, 4)})
	if want := []cache.Entry{note(1, 1, 2), note(1, 2, 4), note(2, 2, 3)}; !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestNoteLoner: only of those whose sample nobody else has is it known that they are
// equal to nobody, and nothing of those that could not be read.
func TestNoteLoner(t *testing.T) {
	t.Parallel()
	list := files{}
	for i := range 4 {
		list[fmt.Sprint(i)] = []byte("same")
	}
	root := planted(t, list)
	settled()
	s := newSearch(stamped(t, root), Options{Cache: cache.In(t.TempDir())}, false)
	crowd := func() *records {
		part := newRecords(s.tree, s.groups)
		for i, kind := range []byte{1, 2, 1, 2} {
			part.members[i].state = present
			part.digests.at(i)[0] = kind
		}
		discard(&part.members[3]) // it has changed when it was read
		return part
	}
	loner := crowd().ino(1)
	s.gatherCrowd(crowd(), s.noteLoner)
	if notes := s.memory.notes; len(notes) != 1 || notes[0].Ino != loner || notes[0].Kind != cache.Parted {
		t.Errorf("noted %+v", notes)
	}
	s.memory.notes = nil
	if s.concludeCrowd(crowd()); len(s.memory.notes) != 3 {
		t.Errorf("%d files noted, of 3 that were read", len(s.memory.notes))
	}
}

// TestMemorySeen: what was met is noted as met, but not every day.
func TestMemorySeen(t *testing.T) {
	t.Parallel()
	root := planted(t, files{"a": filled(1, 100), "b": filled(1, 100)})
	settled()
	opts := Options{Cache: cache.In(t.TempDir()), OnCache: noCacheTrouble(t)}
	found(t, stamped(t, root), opts)
	today := cache.DayOf(time.Now())
	for age, want := range map[cache.Day]cache.Day{seenEvery - 1: today - (seenEvery - 1), seenEvery: today} {
		var list []cache.Entry
		each := func(e *cache.Entry) { list = append(list, *e) }
		if err := opts.Cache.Each(each); err != nil {
			t.Fatal(err)
		}
		for i := range list {
			list[i].Seen = today - age
		}
		if err := opts.Cache.Update(slices.Values(list)); err != nil {
			t.Fatal(err)
		}
		before, err := os.Stat(opts.Cache.Path())
		if err != nil {
			t.Fatal(err)
		}
		found(t, stamped(t, root), opts)
		if after, err := os.Stat(opts.Cache.Path()); err != nil || os.SameFile(before, after) != (want != today) {
			t.Errorf("seen %d days ago: %v, or it is written for nothing", age, err)
		}
		list = nil
		if err := opts.Cache.Each(each); err != nil || len(list) != 2 || list[0].Seen != want {
			t.Errorf("seen %d days ago: %v, %+v", age, err, list)
		}
	}
}
