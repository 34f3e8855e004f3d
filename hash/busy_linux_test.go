package hash

import (
	"os"
	"os/signal"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/hash/cache"
)

// needLeases skips a test where the kernel gives none.
func needLeases(t *testing.T) {
	t.Helper()
	if _, err := unix.FcntlInt(opened(t, nil).Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		t.Skipf("no leases here: %v", err)
	}
}

// TestLeased: a file on which somebody holds a write lease (Samba, the NFS server for a
// client) is in use, not unreadable.
func TestLeased(t *testing.T) {
	b := filled(1, 1000)
	root := planted(t, files{"a": b, "b": b, "leased": b})
	f, err := os.OpenFile(root+"/leased", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		t.Skipf("no leases here: %v", err)
	}
	signal.Ignore(unix.SIGIO) // the kernel asks for the lease back
	defer signal.Reset(unix.SIGIO)
	told := foundAB(t, scanned(t, root))
	if len(told.list) != 1 || told.list[0].Reason != ReasonBusy || told.list[0].Err != nil {
		t.Errorf("told %+v", told.list)
	}
}

// TestFindBusy has one file of each pair open for writing, or mapped.
func TestFindBusy(t *testing.T) {
	b := filled(1, 3*wholeSize)
	root := planted(t, files{"a": b, "b": b, "open": b, "mapped": b})
	open := func(name string) *os.File {
		f, err := os.OpenFile(root+name, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	defer open("/open").Close()
	f := open("/mapped")
	mapped, err := unix.Mmap(int(f.Fd()), 0, 4096, unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(mapped)
	f.Close()
	needLeases(t)
	tree := scanned(t, root)
	told := foundAB(t, tree)
	if len(told.list) != 2 || told.list[0].Reason != ReasonBusy || told.list[1].Reason != ReasonBusy {
		t.Errorf("told %+v", told.list)
	}
	res, err := Find(t.Context(), tree, Options{Idle: true})
	if got, want := pathsOf(res), root+"/a "+root+"/b"; got != want || err != nil {
		t.Errorf("all have changed just now: %v, got\n%s\nwant\n%s", err, got, want)
	}
}

// TestFirstBusy: a file that is read alone must not be open for writing either.
func TestFirstBusy(t *testing.T) {
	needLeases(t)
	root := planted(t, files{"a": []byte("same")})
	f, err := os.OpenFile(root+"/a", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, told := readerOf(t, root)
	if r.first(t.Context(), &Member{}, &Digest{}) || len(told.list) != 1 || told.list[0].Reason != ReasonBusy {
		t.Errorf("told %+v", told.list)
	}
}

// TestMemoryOfBusy: a file that is open for writing is in no set, though the cache knows
// it; nor is one that is opened when it is to be read once more.
func TestMemoryOfBusy(t *testing.T) {
	t.Parallel()
	needLeases(t)
	cases := []struct {
		size int
		late bool
	}{{100, false}, {3 * wholeSize, false}, {100, true}}
	var roots []string
	for _, c := range cases {
		b := filled(1, c.size)
		roots = append(roots, planted(t, files{"a": b, "b": b, "c": b}))
	}
	settled()
	for i, c := range cases {
		root := roots[i]
		opts := Options{Cache: cache.In(t.TempDir()), OnCache: noCacheTrouble(t)}
		found(t, stamped(t, root), opts)
		open := func() {
			f, err := os.OpenFile(root+"/c", os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { f.Close() })
		}
		opts.Confirm = func(*Result, *Set) bool {
			if c.late {
				open()
			}
			return true
		}
		if !c.late {
			open()
		}
		var told skips
		var done atomic.Int64
		opts.OnSkip, opts.OnDone = told.add, func(n, _ int64) { done.Add(n) }
		res, err := Find(t.Context(), stamped(t, root), opts)
		if got, want := pathsOf(res), root+"/a "+root+"/b"; got != want || err != nil {
			t.Errorf("%+v: %v, got\n%s\nwant\n%s", c, err, got, want)
		}
		if len(told.list) != 1 || told.list[0].Reason != ReasonBusy || done.Load() != res.Candidates {
			t.Errorf("%+v: told %+v, %d of %d done", c, told.list, done.Load(), res.Candidates)
		}
	}
}
