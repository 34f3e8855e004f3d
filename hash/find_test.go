package hash

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/oneinode/oneinode/hash/cache"
	"github.com/oneinode/oneinode/scan"
	"github.com/zeebo/blake3"
	"golang.org/x/sys/unix"
)

// files describes a tree: path to content.
type files map[string][]byte

// planted writes the files and returns their root.
func planted(t testing.TB, list files) string {
	t.Helper()
	root := t.TempDir()
	for path, content := range list {
		plant(t, filepath.Join(root, path), content)
	}
	return root
}

func plant(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// sparse makes files that are one hole, which the page cache takes in as it does data.
func sparse(t *testing.T, count int, size int64) (root string, fds []int) {
	t.Helper()
	root = t.TempDir()
	for i := range count {
		path := filepath.Join(root, fmt.Sprint(i))
		if err := errors.Join(os.WriteFile(path, nil, 0o644), os.Truncate(path, size)); err != nil {
			t.Fatal(err)
		}
		fds = append(fds, readOnly(t, path))
	}
	return root, fds
}

// scanned walks the roots.
func scanned(t testing.TB, roots ...string) *scan.Tree {
	t.Helper()
	var list []scan.Root
	for _, r := range roots {
		list = append(list, scan.Root{Path: r})
	}
	tree, err := scan.Scan(t.Context(), list, scan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tree.Close() })
	return tree
}

// skips collects what a search leaves out.
type skips struct {
	mu   sync.Mutex
	list []scan.Skip
}

func (s *skips) add(k scan.Skip) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, k)
}

// readerOf is a reader of a tree, and what it tells of.
func readerOf(t *testing.T, root string) (*reader, *skips) {
	t.Helper()
	var told skips
	r := newSearch(scanned(t, root), Options{OnSkip: told.add}, false).newReader()
	t.Cleanup(r.close)
	return r, &told
}

// foundAB searches a tree in which a and b alone are equal, as things are, and returns what
// was left out.
func foundAB(t *testing.T, tree *scan.Tree) *skips {
	t.Helper()
	var told skips
	res, err := Find(t.Context(), tree, Options{OnSkip: told.add})
	if err != nil {
		t.Fatal(err)
	}
	root := tree.Roots()[0].Path
	if got, want := pathsOf(res), root+"/a "+root+"/b"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	return &told
}

// found searches a tree that nobody changes.
func found(t testing.TB, tree *scan.Tree, opts Options) *Result {
	t.Helper()
	opts.OnSkip = func(k scan.Skip) { t.Errorf("skipped %+v", k) }
	res, err := Find(t.Context(), tree, opts)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// asText gives sets in a form to compare: a line a set, the paths in order.
func asText(sets [][]string) string {
	var lines []string
	for _, set := range sets {
		slices.Sort(set)
		lines = append(lines, strings.Join(set, " "))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func pathsOf(res *Result) string {
	var sets [][]string
	for _, set := range res.Sets {
		var paths []string
		for _, m := range set.Members {
			paths = append(paths, res.Tree.Path(m.Name))
		}
		sets = append(sets, paths)
	}
	return asText(sets)
}

// oracle finds the sets the plain way.
func oracle(t testing.TB, tree *scan.Tree) string {
	t.Helper()
	type key struct {
		domain scan.Domain
		sums   [2]uint64
	}
	seeds := [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}
	byContent := map[key][]string{}
	for n := range scan.Name(tree.Len()) {
		if !tree.First(n) {
			continue
		}
		b, err := os.ReadFile(tree.Path(n))
		if err != nil {
			t.Fatal(err)
		}
		k := key{tree.Domain(n), [2]uint64{maphash.Bytes(seeds[0], b), maphash.Bytes(seeds[1], b)}}
		byContent[k] = append(byContent[k], tree.Path(n))
	}
	var sets [][]string
	for _, paths := range byContent {
		if len(paths) > 1 {
			sets = append(sets, paths)
		}
	}
	return asText(sets)
}

// checkOracle compares the sets with what the plain way finds.
func checkOracle(t testing.TB, res *Result) {
	t.Helper()
	if got, want := pathsOf(res), oracle(t, res.Tree); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// checkSets compares the result with the files: every digest, every record.
func checkSets(t testing.TB, res *Result, digests bool) {
	t.Helper()
	sums{}.check(t, res, digests)
}

// sums are the digests of files that stay as they are while they are searched again and
// again: each is read for it once.
type sums map[string]Digest

func (s sums) of(t testing.TB, path string) Digest {
	t.Helper()
	if sum, known := s[path]; known {
		return sum
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s[path] = blake3.Sum256(b)
	return s[path]
}

// check is checkSets.
func (s sums) check(t testing.TB, res *Result, digests bool) {
	t.Helper()
	for _, set := range res.Sets {
		for i, m := range set.Members {
			path := res.Tree.Path(m.Name)
			if (digests || set.Digest != Digest{}) && set.Digest != s.of(t, path) {
				t.Errorf("%s: digest %x, want %x", path, set.Digest, s.of(t, path))
			}
			st := statOf(t, path)
			got := scan.FactsOf(&st)
			if got != res.Facts(m) || m.state != present || set.Size != st.Size || set.Domain != res.Tree.Domain(m.Name) {
				t.Errorf("%s: recorded %+v, is %+v", path, res.Facts(m), got)
			}
			a := res.Attrs(m)
			if a.Mode != st.Mode || a.UID != st.UID || a.GID != st.GID || a.XattrsUnknown {
				t.Errorf("%s: attributes %+v", path, a)
			}
			if i > 0 && res.Tree.Ino(set.Members[i-1].Name) >= res.Tree.Ino(m.Name) {
				t.Errorf("%s: members are not in inode order", path)
			}
		}
	}
}

func statOf(t testing.TB, path string) scan.Stat {
	t.Helper()
	st, err := scan.StatAt(unix.AT_FDCWD, path)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// seeds is how many random trees there are. The race detector and a machine of 32 bits
// (-short) are about the code that all of them go through.
func seeds(n int) int {
	if testing.Short() {
		return n / 3
	}
	return n
}

// limits are the sizes around which the funnel changes its way.
var limits = []int{0, 1, headSize, wholeSize, wholeSize + headSize, firstChunk + chunkSize, firstChunk + 2*chunkSize, sampledFrom, sampleSize, longEnough * tailChunks * chunkSize}

// randomFiles makes families of files that are equal, or differ in one byte,
// or in length, or only by a hole.
func randomFiles(rnd *rand.Rand) files {
	list := files{}
	for family := range 12 {
		size := max(0, limits[rnd.IntN(len(limits))]+rnd.IntN(3)-1)
		base := filled(rnd.Uint64(), size)
		if rnd.IntN(4) == 0 {
			clear(base)
		}
		for i := range 2 + rnd.IntN(14) {
			b := base
			switch {
			case size == 0 || rnd.IntN(2) == 0:
			case rnd.IntN(3) == 0: // one of three places, so that sets come about here too
				b = except(base, []int{0, size / 2, size - 1}[rnd.IntN(3)])
			default:
				b = except(base, rnd.IntN(size))
			}
			list[fmt.Sprintf("d%d/f%d-%d", rnd.IntN(4), family, i)] = b
		}
	}
	return list
}

func TestFindAgreesWithOracle(t *testing.T) {
	for seed := range uint64(seeds(12)) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		root := planted(t, randomFiles(rnd))
		addLinksAndHoles(t, rnd, root)
		tree := scanned(t, root)
		want, known := oracle(t, tree), sums{}
		for _, opts := range []Options{{}, {Digests: true}, {Workers: 1}, {Workers: 3, Digests: true}} {
			res := found(t, tree, opts)
			if got := pathsOf(res); got != want {
				t.Fatalf("seed %d, %+v:\n%s\nwant\n%s", seed, opts, got, want)
			}
			known.check(t, res, opts.Digests)
		}
	}
}

// addLinksAndHoles gives some files further names, and some a copy that is
// one hole with the same zeros.
func addLinksAndHoles(t *testing.T, rnd *rand.Rand, root string) {
	t.Helper()
	paths, err := filepath.Glob(root + "/*/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range paths {
		if rnd.IntN(4) == 0 {
			if err := os.Link(p, p+"-link"); err != nil {
				t.Fatal(err)
			}
		}
		st, _ := os.Stat(p)
		if rnd.IntN(6) == 0 {
			plant(t, p+"-hole", nil)
			if err := os.Truncate(p+"-hole", st.Size()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestFindEveryByte has one pair for each place where files may differ.
func TestFindEveryByte(t *testing.T) {
	size := firstChunk + chunkSize + 1
	base := filled(1, size)
	places := []int{0, headSize - 1, headSize, firstChunk - 1, firstChunk, size - 2, size - 1}
	list := files{"same-1": base, "same-2": base}
	for _, at := range places {
		list[fmt.Sprint("differs-at-", at)] = except(base, at)
	}
	root := planted(t, list)
	res := found(t, scanned(t, root), Options{})
	if got, want := pathsOf(res), root+"/same-1 "+root+"/same-2"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestFindCrowds has more files than may be open together, of several classes
// that part in the first megabyte, after it, or nowhere.
func TestFindCrowds(t *testing.T) {
	size := sampleSize + 3
	base := filled(1, size)
	list := files{}
	for i := range maxClass + 7 {
		list[fmt.Sprint("a/base-", i)] = base
	}
	for i := range 5 {
		list[fmt.Sprint("b/early-", i)] = except(base, headSize+i/2)
		list[fmt.Sprint("b/late-", i)] = except(base, size-1-i/2)
	}
	short := filled(2, sampleSize)
	for i := range maxClass + 1 {
		list[fmt.Sprint("c/short-", i)] = short
	}
	tree := scanned(t, planted(t, list))
	want := oracle(t, tree)
	for _, digests := range []bool{false, true} {
		res := found(t, tree, Options{Digests: digests})
		if got := pathsOf(res); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		checkSets(t, res, digests)
	}
}

// TestFindCrowdsRead: of a crowd whose files part in the middle or at the end only, some pages are
// read, but of those that are equal; not so where a disk has to seek for them.
func TestFindCrowdsRead(t *testing.T) {
	const size, count = 2 * sampledFrom, 2 * maxClass
	list := files{}
	base := filled(1, size)
	for i := range count / 2 {
		list[fmt.Sprint("middle-", i)] = except(base, size/2+i)
		list[fmt.Sprint("end-", i)] = except(base, size-1-i)
	}
	list["again"] = list["middle-3"]
	tree := scanned(t, planted(t, list))
	for device, want := range map[Device]int64{
		DeviceSSD: int64(len(list))*3*headSize + 2*size,
		DeviceHDD: int64(len(list)) * (headSize + size),
	} {
		res := found(t, tree, Options{Device: device})
		checkOracle(t, res)
		if res.BytesRead != want {
			t.Errorf("%v: %d bytes read, want %d", device, res.BytesRead, want)
		}
	}
}

// TestFindCrowdsStopped: files of a crowd that nobody has read when a search is stopped are
// equal to nothing.
func TestFindCrowdsStopped(t *testing.T) {
	list := files{}
	for i := range maxClass + 1 {
		list[fmt.Sprint(i)] = except(filled(1, 2*wholeSize), wholeSize+i)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	left := int64(len(list)*headSize + 2*wholeSize) // bytes, until one of them has been read
	res, err := Find(ctx, scanned(t, planted(t, list)), Options{Workers: 1, OnRead: func(n int64) {
		if left -= n; left == 0 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || len(res.Sets) != 0 {
		t.Errorf("%v, sets %v", err, pathsOf(res))
	}
}

// TestFindCrowdsGoOn: what was read of a crowd whole when a search is stopped counts, so that the next one
// has less to read.
func TestFindCrowdsGoOn(t *testing.T) {
	const read = 10
	list := files{}
	for i := range maxClass + read {
		list[fmt.Sprint(i)] = filled(1, 2*wholeSize)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	left := int64(len(list)*headSize + read*2*wholeSize) // bytes
	var done int64
	res, err := Find(ctx, scanned(t, planted(t, list)), Options{Workers: 1, OnRead: func(n int64) {
		if left -= n; left == 0 {
			cancel()
		}
	}, OnDone: func(n, _ int64) { done += n }})
	if !errors.Is(err, context.Canceled) || len(res.Sets) != 1 || len(res.Sets[0].Members) != read || done != read {
		t.Fatalf("%v, %d files done, sets\n%s", err, done, pathsOf(res))
	}
	checkSets(t, res, true)
}

// TestFindManyClasses lets one class part into many at one chunk.
func TestFindManyClasses(t *testing.T) {
	base := filled(1, firstChunk+2*chunkSize)
	list := files{}
	for i := range 40 {
		b := bytes.Clone(base)
		b[len(b)-1-i%3*chunkSize] = byte(i / 3 % 7) // parts at three chunks, in seven kinds each
		list[fmt.Sprintf("f%02d", i)] = b
	}
	tree := scanned(t, planted(t, list))
	res := found(t, tree, Options{Digests: true})
	checkOracle(t, res)
	checkSets(t, res, true)
}

func TestFindIsDeterministic(t *testing.T) {
	tree := scanned(t, planted(t, randomFiles(rand.New(rand.NewPCG(99, 4)))))
	first := found(t, tree, Options{Digests: true})
	for range 5 {
		again := found(t, tree, Options{Digests: true})
		for i, set := range again.Sets {
			was := first.Sets[i]
			if was.Digest != set.Digest || was.Members[0].Name != set.Members[0].Name {
				t.Fatalf("set %d is another", i)
			}
		}
	}
}

// TestFindGroupsDomains: a set is of one domain, or of one group of domains.
func TestFindGroupsDomains(t *testing.T) {
	other, err := os.MkdirTemp("/dev/shm", "oneinode-hash-")
	if err != nil {
		t.Skip("no second filesystem at /dev/shm:", err)
	}
	defer os.RemoveAll(other)
	root := t.TempDir()
	list := files{"alone": []byte("one"), "a": []byte("x"), "b": []byte("x"), "big-1": filled(1, wholeSize+5), "big-2": filled(1, wholeSize+5)}
	for name, content := range list {
		plant(t, filepath.Join(root, name), content)
		plant(t, filepath.Join(other, name), content)
	}
	tree := scanned(t, root, other)
	if len(tree.Filesystems()) < 2 {
		t.Skip("/dev/shm and the temporary directory are one filesystem")
	}
	res := found(t, tree, Options{})
	checkOracle(t, res)
	if checkSets(t, res, false); len(res.Sets) != 4 || res.Candidates != 8 {
		t.Errorf("%d sets of %d candidates", len(res.Sets), res.Candidates)
	}
	res = found(t, tree, Options{Group: func(scan.Domain) uint32 { return 5 }})
	var want [][]string
	for _, names := range [][]string{{"alone"}, {"a", "b"}, {"big-1", "big-2"}} {
		var set []string
		for _, name := range names {
			set = append(set, filepath.Join(root, name), filepath.Join(other, name))
		}
		want = append(want, set)
	}
	if got, want := pathsOf(res), asText(want); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestFindWanted: of what is not wanted nothing is read, and of what is nothing twice.
func TestFindWanted(t *testing.T) {
	root := planted(t, files{"a": []byte("1"), "b": []byte("1"), "c": []byte("22"), "d": []byte("22")})
	if err := os.Link(root+"/c", root+"/e"); err != nil {
		t.Fatal(err)
	}
	tree := scanned(t, root)
	res := found(t, tree, Options{Wanted: func(n scan.Name) bool { return tree.Size(n) == 2 }})
	if len(res.Sets) != 1 || res.Sets[0].Size != 2 || res.Candidates != 2 || res.BytesRead != 4 {
		t.Errorf("sets %v of %d candidates, %d bytes read", pathsOf(res), res.Candidates, res.BytesRead)
	}
}

func TestFindTellsAttributesApart(t *testing.T) {
	root := planted(t, files{"a": []byte("x"), "b": []byte("x"), "c": []byte("x"), "d": []byte("x")})
	if err := os.Chmod(root+"/b", 0o600); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setxattr(root+"/c", "user.tag", []byte("1"), 0); err != nil {
		t.Skip("no user attributes here:", err)
	}
	res := found(t, scanned(t, root), Options{})
	kinds := map[Attrs]string{}
	for _, m := range res.Sets[0].Members {
		kinds[res.Attrs(m)] += filepath.Base(res.Tree.Path(m.Name))
	}
	for a, names := range kinds {
		if len(names) > 1 && names != "ad" && names != "da" {
			t.Errorf("%s share %+v", names, a)
		}
	}
	if len(kinds) != 3 {
		t.Errorf("%d kinds: %v", len(kinds), kinds)
	}
}

// TestFindCounts checks the figures for a progress bar: every candidate is done
// once, and what is read is what the funnel needs, to the byte.
func TestFindCounts(t *testing.T) {
	list := randomFiles(rand.New(rand.NewPCG(5, 5)))
	for i := range maxClass + 3 {
		list[fmt.Sprint("crowd-", i)] = except(filled(7, 2*wholeSize), wholeSize+i)
	}
	root := planted(t, list)
	tree := scanned(t, root)
	var inodes, bytes, read, done, settled, calls atomic.Int64
	res := found(t, tree, Options{
		OnCandidates: func(i, b int64) { inodes.Store(i); bytes.Store(b); calls.Add(1) },
		OnRead:       func(n int64) { read.Add(n) },
		OnDone:       func(n, b int64) { done.Add(n); settled.Add(b) },
	})
	if calls.Load() != 1 || inodes.Load() != res.Candidates || done.Load() != res.Candidates || res.Candidates == 0 {
		t.Errorf("%d calls, %d announced, %d done, %d candidates", calls.Load(), inodes.Load(), done.Load(), res.Candidates)
	}
	if want := wantSettled(tree); settled.Load() != want {
		t.Errorf("%d bytes done, want %d", settled.Load(), want)
	}
	if want := wantRead(tree, root, list); read.Load() != res.BytesRead || read.Load() != want {
		t.Errorf("%d announced, %d read, result says %d, want %d", bytes.Load(), read.Load(), res.BytesRead, want)
	}
}

// wantSettled is how much all candidates hold.
func wantSettled(tree *scan.Tree) (n int64) {
	bySize := map[int64]int64{}
	for i := range tree.Len() {
		bySize[tree.Size(scan.Name(i))]++
	}
	for size, files := range bySize {
		if files > 1 {
			n += files * size
		}
	}
	return n
}

// wantRead is how much a search has to read: small files whole, of large ones the
// head, and again all that lockstep goes through.
func wantRead(tree *scan.Tree, root string, list files) (n int64) {
	names := make([]scan.Name, tree.Len())
	for i := range names {
		names[i] = scan.Name(i)
	}
	slices.SortFunc(names, func(a, b scan.Name) int { return byInode(tree, a, b) })
	bySize, alike := map[int64][][]byte{}, map[string][][]byte{}
	for _, name := range names {
		bySize[tree.Size(name)] = append(bySize[tree.Size(name)], list[strings.TrimPrefix(tree.Path(name), root+"/")])
	}
	for size, contents := range bySize {
		if len(contents) < 2 {
			continue
		}
		n += int64(len(contents)) * firstSize(size)
		for _, b := range contents {
			if isLarge(size) {
				key := fmt.Sprintf("%d %x", size, b[:headSize])
				alike[key] = append(alike[key], b)
			}
		}
	}
	for _, contents := range alike {
		if len(contents) > min(availableDescriptors().lockstep, maxClass) { // a crowd: here none is longer than its sample
			n += int64(len(contents)) * int64(len(contents[0]))
		} else {
			n += wantLockstep(contents, 0, len(contents[0]))
		}
	}
	return n
}

// wantLockstep: a chunk of each, as long as there are two, of files of 4 MiB the last
// two chunks right after the first two. Those that part from the first together read
// that chunk once more.
func wantLockstep(list [][]byte, off, tail int) (n int64) {
	for len(list) > 1 && off < tail {
		from, to := off, min(off+chunkSize, tail)
		if off == 0 {
			to = firstChunk
		}
		size := len(list[0])
		early := size >= 4<<20 && off > firstChunk && tail > size-2*chunkSize
		if early {
			from, to = tail-chunkSize, tail
		}
		n += int64((to - from) * len(list))
		kinds := map[string][][]byte{}
		for _, b := range list {
			kinds[string(b[from:to])] = append(kinds[string(b[from:to])], b)
		}
		first := string(list[0][from:to])
		for chunk, kind := range kinds {
			if chunk != first {
				n += wantLockstep(kind, off, tail)
			}
		}
		list = kinds[first]
		if early {
			tail = from
		} else {
			off = to
		}
	}
	return n
}

func TestFindNothing(t *testing.T) {
	res := found(t, scanned(t, planted(t, files{"a": []byte("1"), "b": []byte("12")})), Options{})
	if len(res.Sets) != 0 || res.Candidates != 0 || res.BytesRead != 0 {
		t.Errorf("%+v", res)
	}
}

// TestFindWhatIsGone changes the tree between the walk and the search. Nothing
// may hang, nothing but the untouched files may come out.
func TestFindWhatIsGone(t *testing.T) {
	for _, size := range []int{100, 3 * wholeSize} {
		b := filled(1, size)
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		list := files{}
		for _, name := range []string{"keep-1", "keep-2", "fifo", "symlink", "removed", "dir", "copy", "longer", "shorter", "sub/x"} {
			list[name] = b
		}
		root := planted(t, list)
		tree := scanned(t, root)
		plant(t, root+"/x", b) // while sub/x is there, so that it cannot get its inode
		for _, name := range []string{"fifo", "symlink", "removed", "dir"} {
			must(os.Remove(filepath.Join(root, name)))
		}
		must(unix.Mkfifo(root+"/fifo", 0o644))
		must(os.Symlink("keep-1", root+"/symlink"))
		must(os.Mkdir(root+"/dir", 0o755))
		plant(t, root+"/copy.new", b)
		must(os.Rename(root+"/copy.new", root+"/copy"))
		must(os.Truncate(root+"/longer", int64(size)+1))
		must(os.Truncate(root+"/shorter", int64(size)-1))
		must(os.RemoveAll(root + "/sub"))
		must(os.Symlink(root, root+"/sub"))

		var told skips
		var done atomic.Int64
		res, err := Find(t.Context(), tree, Options{OnSkip: told.add, OnDone: func(n, _ int64) { done.Add(n) }})
		must(err)
		if got, want := pathsOf(res), root+"/keep-1 "+root+"/keep-2"; got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if done.Load() != res.Candidates {
			t.Errorf("%d of %d done", done.Load(), res.Candidates)
		}
		if len(told.list) != 8 {
			t.Errorf("%d skips: %+v", len(told.list), told.list)
		}
		for _, k := range told.list {
			if k.Reason != ReasonGone || k.Err != nil || !strings.HasPrefix(k.Path, root+"/") {
				t.Errorf("%+v", k)
			}
		}
	}
}

func TestFindUnreadable(t *testing.T) {
	b := filled(1, 100)
	root := planted(t, files{"a": b, "b": b, "secret-1": b, "secret-2": b})
	for _, name := range []string{"/secret-1", "/secret-2"} {
		if err := os.Chmod(root+name, 0); err != nil {
			t.Fatal(err)
		}
	}
	asNobody(t, root)
	told := foundAB(t, scanned(t, root))
	if len(told.list) != 2 {
		t.Fatalf("%+v", told.list)
	}
	for _, k := range told.list {
		p, ok := errors.AsType[*fs.PathError](k.Err)
		if !ok || p.Path != k.Path || p.Err != unix.EACCES || k.Reason != scan.ReasonUnreadable {
			t.Errorf("%+v", k)
		}
	}
}

// asNobody gives up root's right to read everything until the test ends.
func asNobody(t *testing.T, root string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	for _, dir := range []string{filepath.Dir(root), root} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	const nobody = 65534
	if err := syscall.Seteuid(nobody); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Seteuid(0); err != nil {
			t.Fatal(err)
		}
	})
}

// TestMayBeWritten: who has a file open matters always, or only while it is young or where
// nothing is ever written back.
func TestMayBeWritten(t *testing.T) {
	now := time.Now()
	young, old := now.Add(-idleAge/2).UnixNano(), now.Add(-2*idleAge).UnixNano()
	tree := scanned(t, planted(t, files{"a": []byte("1")}))
	memory := &tree.Filesystems()[tree.Domain(0)].InMemory
	for _, idle := range []bool{false, true} {
		r := reader{search: &search{tree: tree, opts: Options{Idle: idle}}}
		for _, *memory = range []bool{false, true} {
			if !r.mayBeWritten(0, young, now) || !r.mayBeWritten(0, now.Add(time.Hour).UnixNano(), now) {
				t.Errorf("in memory %v, idle %v: a young file, or one of the future, is not looked at", *memory, idle)
			}
			if got, want := r.mayBeWritten(0, old, now), !idle || *memory; got != want {
				t.Errorf("in memory %v, idle %v: an old file is looked at: %v", *memory, idle, got)
			}
		}
	}
}

func readOnly(t *testing.T, path string) int {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return int(f.Fd())
}

func TestReaderTellsErrors(t *testing.T) {
	root := planted(t, files{"a": []byte("x"), "b": []byte("y")})
	var told skips
	s := &search{tree: scanned(t, root), opts: Options{OnSkip: told.add}, changes: &changes{}}
	r := s.newReader()
	defer r.close()
	r.skipRead(0, unix.EIO)
	r.skipRead(0, ErrShort)
	r.skipRead(0, unix.ESTALE)
	r.skipRead(0, unix.ENOENT)
	r.skipRead(0, context.Canceled)
	path := s.tree.Path(0)
	want := []scan.Skip{
		{Path: path, Reason: scan.ReasonUnreadable, Err: &fs.PathError{Op: "read", Path: path, Err: unix.EIO}},
		{Path: path, Reason: ReasonChanged},
		{Path: path, Reason: ReasonGone},
		{Path: path, Reason: ReasonGone},
	}
	if fmt.Sprintf("%+v", told.list) != fmt.Sprintf("%+v", want) {
		t.Errorf("got %+v\nwant %+v", told.list, want)
	}
}

// TestLockstepLeavesOutShortFiles truncates files after they were opened.
func TestLockstepLeavesOutShortFiles(t *testing.T) {
	b := filled(1, firstChunk+chunkSize)
	root := planted(t, files{"1": b, "2": b, "3": b, "4": b})
	var told skips
	s := &search{tree: scanned(t, root), opts: Options{OnSkip: told.add}, changes: &changes{}}
	work := newSchedule(nil, 0)
	p := s.newPacer(work, &pool{pacers: 1, chunk: chunkSize})
	defer p.close()
	c := &class{size: int64(len(b)), tail: int64(len(b))}
	for n := range scan.Name(4) {
		fd, _, ok := p.open(n)
		if !ok {
			t.Fatal("cannot open")
		}
		c.members = append(c.members, Member{Name: n, state: present})
		c.fds = append(c.fds, fd)
	}
	// The first of them, which leads, and another end early.
	for _, n := range []scan.Name{0, 2} {
		if err := os.Truncate(s.tree.Path(n), firstChunk+1); err != nil {
			t.Fatal(err)
		}
	}
	p.pace(t.Context(), c)
	if len(s.sets) != 1 || len(s.sets[0].Members) != 2 || s.sets[0].Members[0].Name != 1 || s.sets[0].Members[1].Name != 3 {
		t.Errorf("sets %+v", s.sets)
	}
	if len(told.list) != 2 || told.list[0].Reason != ReasonChanged || work.free != 4 {
		t.Errorf("told %+v, %d descriptors back", told.list, work.free)
	}
}

// TestLockstepOfOne: a file that is left of a class by the changes of the others is no set,
// and their descriptors are given back.
func TestLockstepOfOne(t *testing.T) {
	b := filled(1, 2*wholeSize)
	tree := scanned(t, planted(t, files{"1": b, "2": b, "3": b}))
	var told skips
	var done int64
	s := newSearch(tree, Options{OnSkip: told.add, OnDone: func(n, _ int64) { done += n }}, false)
	work := newSchedule(nil, 0)
	p := s.newPacer(work, &s.pools[0])
	defer p.close()
	members := newRecords(tree, s.groups).members
	chmod(t, tree.Path(members[0].Name), 0o600)
	c := p.begin(members)
	if len(c.members) != 2 || work.free != 1 {
		t.Errorf("%d of 3 members begin, %d descriptors back", len(c.members), work.free)
	}
	chmod(t, tree.Path(c.members[1].Name), 0o600)
	p.pace(t.Context(), c)
	if len(s.sets) != 0 || len(told.list) != 2 || work.free != 3 || done != 3 {
		t.Errorf("sets %+v, told %+v, %d descriptors back, %d done", s.sets, told.list, work.free, done)
	}
}

// TestFindOfOneWorker: one reads where one was asked for, in each stage.
func TestFindOfOneWorker(t *testing.T) {
	list := files{}
	for i := range 20 {
		list[fmt.Sprint("small-", i)], list[fmt.Sprint("large-", i)] = filled(uint64(i/2), 100), filled(uint64(i/2), wholeSize+1)
	}
	tree := scanned(t, planted(t, list))
	var reading atomic.Int64
	checkOracle(t, found(t, tree, Options{Workers: 1, OnRead: func(int64) {
		if n := reading.Add(1); n != 1 {
			t.Errorf("%d read", n)
		}
		time.Sleep(time.Millisecond)
		reading.Add(-1)
	}}))
}

// TestFindCancel ends a search in the middle of each stage.
func TestFindCancel(t *testing.T) {
	small, big := filled(1, 100), filled(2, 24<<20)
	list := files{"big-1": big, "big-2": big, "big-3": big}
	// What every worker may have in hand then: a stripe of each file, or a chunk of one.
	const atHand = maxMappings*3*stripeSize + 2*lockstepWorkers*chunkSize
	for i := range 3000 {
		list[fmt.Sprintf("small/%d", i)] = small
	}
	tree := scanned(t, planted(t, list))
	time.Sleep(tick)
	before := openDescriptors(t)
	for _, after := range []int64{1, 50_000, 100_000 + 3*headSize, 4 << 20, 20 << 20, 60 << 20} {
		ctx, cancel := context.WithCancel(t.Context())
		var read atomic.Int64
		var done atomic.Int64
		var then atomic.Int64 // read when the search was to end
		res, err := Find(ctx, tree, Options{Digests: true, OnDone: func(n, _ int64) { done.Add(n) }, OnRead: func(n int64) {
			if now := read.Add(n); now >= after && then.CompareAndSwap(0, now) {
				cancel()
			}
		}})
		if !errors.Is(err, context.Canceled) || res == nil {
			t.Errorf("after %d bytes: %v, %v", after, res, err)
		}
		if late := read.Load() - then.Load(); late > atHand {
			t.Errorf("after %d bytes: ended %d bytes later", after, late)
		}
		for _, set := range res.Sets {
			if set.Size == int64(len(big)) {
				t.Errorf("after %d bytes: the big files cannot be known", after)
			}
		}
		if done.Load() > res.Candidates-3 {
			t.Errorf("after %d bytes: %d of %d done, though the big files are not", after, done.Load(), res.Candidates)
		}
		cancel()
	}
	if after := openDescriptors(t); after > before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc:", err)
	}
	return len(list)
}

func TestFindLeavesNothingOpen(t *testing.T) {
	list := randomFiles(rand.New(rand.NewPCG(1, 1)))
	for i := range maxClass + 1 {
		list[fmt.Sprint("crowd-", i)] = filled(7, 2*wholeSize)
	}
	root := planted(t, list)
	settled()
	opts := Options{Cache: cache.In(t.TempDir()), OnCache: noCacheTrouble(t), Confirm: func(*Result, *Set) bool { return true }}
	tree := stamped(t, root)
	chmod(t, root+"/crowd-1", 0o600) // it is read alone
	before := openDescriptors(t)
	for range 3 {
		found(t, tree, opts)
	}
	if after := openDescriptors(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}
