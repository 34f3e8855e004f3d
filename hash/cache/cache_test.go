package cache

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

func entry(fs, ino uint64, kind Kind, ctime int64) Entry {
	return Entry{FS: fs, Ino: ino, Kind: kind, Size: 7, Mtime: 8, Ctime: ctime, Digest: [32]byte{byte(ino), byte(kind), 31: 9}, Epoch: ino & EpochMask, Seen: 20000}
}

func all(t testing.TB, c *Cache) []Entry {
	t.Helper()
	var list []Entry
	if err := c.Each(func(e *Entry) { list = append(list, *e) }); err != nil {
		t.Fatal(err)
	}
	return list
}

func update(t testing.TB, c *Cache, list ...Entry) {
	t.Helper()
	if err := c.Update(slices.Values(list)); err != nil {
		t.Fatal(err)
	}
}

// TestUpdateAgreesWithModel merges random lists and compares with a map.
func TestUpdateAgreesWithModel(t *testing.T) {
	type key struct {
		fs, ino uint64
		slot    int
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	c := In(filepath.Join(t.TempDir(), "new", "dir"))
	model := map[key]Entry{}
	for round := range 12 {
		list := make([]Entry, 0, 400)
		seen := map[key]bool{}
		state := map[[2]uint64]int64{}
		for range rnd.IntN(400) {
			fs, ino := rnd.Uint64N(3), rnd.Uint64N(300)
			if _, ok := state[[2]uint64{fs, ino}]; !ok {
				state[[2]uint64{fs, ino}] = int64(rnd.IntN(2))
			}
			e := entry(fs, ino, Kind(rnd.IntN(3)), state[[2]uint64{fs, ino}])
			e.Epoch = uint64(round)
			if k := (key{fs, ino, e.slot()}); !seen[k] {
				seen[k] = true
				list = append(list, e)
			}
		}
		Sort(list)
		update(t, c, list...)
		for _, e := range list {
			maps.DeleteFunc(model, func(_ key, o Entry) bool { return o.contradicts(&e) })
		}
		for _, e := range list {
			model[key{e.FS, e.Ino, e.slot()}] = e
		}
		want := slices.Collect(maps.Values(model))
		Sort(want)
		if got := all(t, c); !slices.Equal(got, want) {
			t.Fatalf("round %d: %d entries, want %d", round, len(got), len(want))
		}
	}
}

// TestRange compares with what Each gives, over many blocks and filesystems.
func TestRange(t *testing.T) {
	c := In(t.TempDir())
	list := []Entry{entry(0, 0, Head, 1)} // so that pairs straddle blocks
	for fs := range uint64(4) {
		for ino := range uint64(100 + 60*fs) {
			list = append(list, entry(2*fs, 3*ino+1, Head, 1), entry(2*fs, 3*ino+1, Whole, 1))
		}
	}
	update(t, c, list...)
	rnd := rand.New(rand.NewPCG(3, 4))
	for i := range 300 {
		fs, first := rnd.Uint64N(8), rnd.Uint64N(900)
		if i%4 == 0 {
			first = 0 // right behind the entries of another filesystem
		}
		last := first + rnd.Uint64N(50)
		var got, want []Entry
		if err := c.Range(fs, first, last, func(e *Entry) { got = append(got, *e) }); err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			if e.FS == fs && e.Ino >= first && e.Ino <= last {
				want = append(want, e)
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%d, %d to %d: %d entries, want %d", fs, first, last, len(got), len(want))
		}
	}
}

// TestSeek leads to a place before an inode, but not far before it.
func TestSeek(t *testing.T) {
	c := In(t.TempDir())
	var list []Entry
	for fs := range uint64(3) {
		for ino := range uint64(10 * blockRoom) {
			list = append(list, entry(2*fs+1, 2*ino+1, Whole, 1))
		}
	}
	update(t, c, list...)
	for fs := range uint64(7) {
		for ino := uint64(0); ino < 22*blockRoom; ino += blockRoom / 3 {
			r, err := openReader(c.Path())
			if err != nil {
				t.Fatal(err)
			}
			if err := r.seek(fs, ino); err != nil {
				t.Fatal(err)
			}
			before, e, more := 0, Entry{}, true
			for more, err = r.next(&e); more && (e.FS < fs || e.FS == fs && e.Ino < ino); more, err = r.next(&e) {
				before++
			}
			want := slices.IndexFunc(list, func(e Entry) bool { return e.FS > fs || e.FS == fs && e.Ino >= ino })
			if err != nil || before > 2*blockRoom || more != (want >= 0) || more && e != list[want] {
				t.Errorf("inode %d of %d: %v, after %d entries %+v", ino, fs, err, before, e)
			}
			r.close()
		}
	}
}

func TestFieldsSurvive(t *testing.T) {
	c := In(t.TempDir())
	want := []Entry{
		{FS: 1, Ino: 1, Kind: Head, Size: 1<<63 - 1, Mtime: -5, Ctime: -1 << 63, Digest: [32]byte{1, 31: 2}, Epoch: EpochMask, Seen: 65535},
		{FS: 1<<64 - 1, Ino: 1<<64 - 1, Kind: Parted, Mtime: 1<<63 - 1},
	}
	update(t, c, want...)
	if got := all(t, c); !slices.Equal(got, want) {
		t.Errorf("%+v\nwant\n%+v", got, want)
	}
}

// TestEveryDamageIsSeen flips one bit in each part of the file, and cuts it at
// many places.
func TestEveryDamageIsSeen(t *testing.T) {
	c := In(t.TempDir())
	list := make([]Entry, 200)
	for i := range list {
		list[i] = entry(1, uint64(i), Whole, 1)
	}
	update(t, c, list...)
	whole, err := os.ReadFile(c.Path())
	if err != nil {
		t.Fatal(err)
	}
	try := func(label string, b []byte) {
		t.Helper()
		if err := os.WriteFile(c.Path(), b, 0o600); err != nil {
			t.Fatal(err)
		}
		err := c.Each(func(*Entry) {})
		damage, ok := errors.AsType[*DamagedError](err)
		if !ok {
			t.Fatalf("%s: %v", label, err)
		}
		if aside, err := os.ReadFile(damage.Aside); err != nil || len(aside) != len(b) {
			t.Errorf("%s: set aside %d bytes of %d, %v", label, len(aside), len(b), err)
		}
		if left := all(t, c); len(left) != 0 {
			t.Errorf("%s: %d entries left", label, len(left))
		}
	}
	for at := 0; at < len(whole); at += 97 {
		b := slices.Clone(whole)
		b[at] ^= 1 << (at % 8)
		try(fmt.Sprint("bit in byte ", at), b)
	}
	for size := 0; size < len(whole); size += 1365 {
		try(fmt.Sprint("cut at ", size), whole[:size])
	}
	swapped := slices.Clone(whole)
	copy(swapped[blockSize:], whole[2*blockSize:3*blockSize])
	copy(swapped[2*blockSize:], whole[blockSize:2*blockSize])
	try("two blocks swapped", swapped)
}

// TestUpdateOverDamage begins anew and says so, wherever the damage is met.
func TestUpdateOverDamage(t *testing.T) {
	for name, damage := range map[string]func(b []byte) []byte{
		"cut":       func(b []byte) []byte { return b[:len(b)-1] },
		"beginning": func(b []byte) []byte { b[9] ^= 1; return b },
		"entries":   func(b []byte) []byte { b[blockSize+blockHead] ^= 1; return b },
		"end":       func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
	} {
		c := In(t.TempDir())
		update(t, c, entry(1, 1, Whole, 1))
		b, err := os.ReadFile(c.Path())
		if err == nil {
			err = os.WriteFile(c.Path(), damage(b), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		err = c.Update(slices.Values([]Entry{entry(1, 2, Whole, 1)}))
		if _, ok := errors.AsType[*DamagedError](err); !ok || !c.has(damagedName) {
			t.Errorf("%s: %v", name, err)
		}
		if got := all(t, c); len(got) != 1 || got[0].Ino != 2 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestWritersTakeTurns has many writers at the same time; nobody's entries get lost.
func TestWritersTakeTurns(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for i := range uint64(8) {
		wg.Go(func() {
			for k := range uint64(5) {
				if err := In(dir).Update(slices.Values([]Entry{entry(1, 10*i+k, Whole, 1)})); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := all(t, In(dir)); len(got) != 40 {
		t.Errorf("%d entries", len(got))
	}
}

// TestWriterWaits: for another writer, and not for ever.
func TestWriterWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := In(t.TempDir())
		write := func() error { return c.Update(slices.Values([]Entry{entry(1, 1, Whole, 1)})) }
		unlock, err := c.lock()
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- write() }()
		synctest.Wait() // it sleeps, or has ended
		unlock()
		if err := <-done; err != nil {
			t.Error("after the other one:", err)
		}
		if unlock, err = c.lock(); err != nil {
			t.Fatal(err)
		}
		defer unlock()
		if err := write(); !errors.Is(err, unix.EWOULDBLOCK) {
			t.Error("beside the other one:", err)
		}
	})
}

// TestLockIsNoLink: where somebody has put a link in the place of the lock nothing is opened or
// made at its other end.
func TestLockIsNoLink(t *testing.T) {
	c := In(t.TempDir())
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.Symlink(elsewhere, c.path(lockName)); err != nil {
		t.Fatal(err)
	}
	if err := c.Update(slices.Values([]Entry{entry(1, 1, Whole, 1)})); err == nil {
		t.Error("no error")
	}
	if _, err := os.Lstat(elsewhere); err == nil {
		t.Error("a file was made")
	}
}

// TestSetAside: only what is damaged, is still there and can be renamed is called set aside.
func TestSetAside(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(c *Cache) error
		want    bool
	}{
		"damaged": {func(c *Cache) error { return os.Truncate(c.Path(), blockSize) }, true},
		"no room for its name": {func(c *Cache) error {
			return cmp.Or(os.Truncate(c.Path(), blockSize), os.MkdirAll(c.path(damagedName+"/full"), 0o700))
		}, false},
		"unreadable": {func(c *Cache) error { return cmp.Or(os.Remove(c.Path()), os.Mkdir(c.Path(), 0o700)) }, false},
	} {
		store := In(t.TempDir())
		update(t, store, entry(1, 1, Whole, 1))
		if err := c.prepare(store); err != nil {
			t.Fatal(err)
		}
		err := store.Each(func(*Entry) {})
		if _, told := errors.AsType[*DamagedError](err); err == nil || told != c.want || store.has(fileName) == c.want {
			t.Errorf("%s: %v, there: %v", name, err, store.has(fileName))
		}
		if err := store.Update(nothing); (err == nil) != c.want {
			t.Errorf("%s: then written: %v", name, err)
		}
	}
}

// TestReplacedMeanwhile: where another run has put a sound cache in the place of a damaged one,
// that is not set aside.
func TestReplacedMeanwhile(t *testing.T) {
	c := In(t.TempDir())
	update(t, c, entry(1, 1, Whole, 1))
	r, err := openReader(c.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	update(t, c, entry(1, 2, Whole, 1))
	if err := c.setAside(r.file, errChecksum); err == nil || wasSetAside(err) || !errors.Is(err, errChecksum) {
		t.Error(err)
	}
	if got := all(t, c); len(got) != 2 {
		t.Errorf("%+v", got)
	}
}

// TestLeftoverOfAKilledRun: a half-written new file neither hinders nor counts.
func TestLeftoverOfAKilledRun(t *testing.T) {
	c := In(t.TempDir())
	update(t, c, entry(1, 1, Whole, 1))
	if err := os.WriteFile(c.path(tempName), []byte(strings.Repeat("half", 5000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := all(t, c); len(got) != 1 {
		t.Errorf("%d entries", len(got))
	}
	update(t, c, entry(1, 2, Whole, 1))
	if got := all(t, c); len(got) != 2 {
		t.Errorf("%d entries", len(got))
	}
}

// A leftover may be a further name of a file that has nothing to do with the cache.
func TestLeftoverIsNotWrittenTo(t *testing.T) {
	c := In(t.TempDir())
	update(t, c, entry(1, 1, Whole, 1))
	precious := filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(precious, []byte("precious"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(precious, c.path(tempName)); err != nil {
		t.Fatal(err)
	}
	update(t, c, entry(1, 1, Whole, 1))
	if text, err := os.ReadFile(precious); string(text) != "precious" {
		t.Errorf("it holds %d other bytes, %v", len(text), err)
	}
	if info, err := os.Stat(c.Path()); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// TestForeignFiles: files in a directory that never was a cache's are nobody's but the user's.
func TestForeignFiles(t *testing.T) {
	for _, name := range files() {
		c := In(t.TempDir())
		if err := os.WriteFile(c.path(name), []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := c.Each(func(*Entry) {}); (err == nil) != (name != fileName) {
			t.Errorf("%s: read: %v", name, err)
		}
		for what, err := range map[string]error{"update": c.Update(slices.Values([]Entry{entry(1, 1, Whole, 1)})), "clear": c.Clear()} {
			if err == nil || !strings.Contains(err.Error(), "no run of oneinode made") {
				t.Errorf("%s: %s: %v", name, what, err)
			}
		}
		if text, err := os.ReadFile(c.path(name)); string(text) != "precious" {
			t.Errorf("%s holds %q: %v", name, text, err)
		}
		if list, err := os.ReadDir(c.dir); err != nil || len(list) != 1 {
			t.Errorf("%s: %v, %v", name, list, err)
		}
	}
}

// TestCopiedCache: one that was copied without its lock goes on.
func TestCopiedCache(t *testing.T) {
	c := In(t.TempDir())
	update(t, c, entry(1, 1, Whole, 1))
	if err := os.Remove(c.path(lockName)); err != nil {
		t.Fatal(err)
	}
	update(t, c, entry(1, 2, Whole, 1))
	if got := all(t, c); len(got) != 2 {
		t.Errorf("%+v", got)
	}
}

func TestFailedWriteLeavesTheOldFile(t *testing.T) {
	c := In(t.TempDir())
	update(t, c, entry(1, 1, Whole, 1))
	if err := os.Mkdir(c.path(tempName), 0o700); err != nil { // in the way of the new file
		t.Fatal(err)
	}
	if err := c.Update(slices.Values([]Entry{entry(1, 2, Whole, 1)})); err == nil {
		t.Error("no error")
	}
	if got := all(t, c); len(got) != 1 || got[0].Ino != 1 {
		t.Errorf("%+v", got)
	}
}

func TestRetimeAndPrune(t *testing.T) {
	c := In(t.TempDir())
	old := entry(1, 3, Whole, 1)
	old.Seen = 100
	update(t, c, entry(1, 1, Head, 1), entry(1, 1, Whole, 1), entry(1, 2, Whole, 1), old)
	moves := []Move{{1, 1, 8, 1, 50}, {1, 2, 9, 1, 50}, {1, 3, 8, 2, 50}} // the last two are not as told
	if err := c.Retime(moves); err != nil {
		t.Fatal(err)
	}
	var got []int64
	for _, e := range all(t, c) {
		got = append(got, e.Ctime)
	}
	if want := []int64{50, 50, 1, 1}; !slices.Equal(got, want) {
		t.Errorf("ctimes %v, want %v", got, want)
	}
	for day, want := range []int64{0, 1} {
		if n, err := c.Prune(100 + Day(day)); n != want || err != nil {
			t.Errorf("before day %d: %d, %v", 100+day, n, err)
		}
	}
	info, err := c.Info()
	if err != nil || info.Entries != 3 || info.Files != 2 || info.Oldest != 20000 || info.Bytes != 3*blockSize {
		t.Errorf("%+v, %v", info, err)
	}
}

func TestOtherVersionIsNoCache(t *testing.T) {
	c := In(t.TempDir())
	update(t, c, entry(1, 1, Whole, 1))
	b, err := os.ReadFile(c.Path())
	if err != nil {
		t.Fatal(err)
	}
	seal(b[:blockSize], 0, magic, version+1, typeHeader)
	if err := os.WriteFile(c.Path(), b, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := all(t, c); len(got) != 0 {
		t.Errorf("%d entries", len(got))
	}
	update(t, c, entry(1, 2, Whole, 1))
	if got := all(t, c); len(got) != 1 {
		t.Errorf("%d entries", len(got))
	}
}

func TestNothingThere(t *testing.T) {
	c := In(filepath.Join(t.TempDir(), "none"))
	if n, err := c.Prune(1); n != 0 || err != nil {
		t.Error(n, err)
	}
	if err := c.Clear(); err != nil {
		t.Error(err)
	}
	if got := all(t, c); len(got) != 0 {
		t.Error(got)
	}
	if _, err := os.Stat(c.dir); err == nil {
		t.Error("the directory was made for nothing")
	}
}

func TestDay(t *testing.T) {
	at := time.Date(2026, 11, 22, 23, 59, 0, 0, time.UTC)
	if got := DayOf(at).Time(); !got.Equal(time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)) {
		t.Error(got)
	}
}

// FuzzRead: whatever the file holds, reading it ends, and only whole files count.
func FuzzRead(f *testing.F) {
	c := In(f.TempDir())
	update(f, c, entry(1, 1, Head, 1), entry(2, 1, Whole, 1))
	whole, err := os.ReadFile(c.Path())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:blockSize])
	f.Fuzz(func(t *testing.T, b []byte) {
		c := In(t.TempDir())
		if err := os.WriteFile(c.Path(), b, 0o600); err != nil {
			t.Fatal(err)
		}
		count := 0
		if err := c.Each(func(*Entry) { count++ }); err == nil && count != 0 && !slices.Equal(b, whole) && len(b) < len(whole) {
			t.Errorf("%d entries of %d bytes", count, len(b))
		}
	})
}
