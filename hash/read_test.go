package hash

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/zeebo/blake3"
	"golang.org/x/sys/unix"
)

// opened writes a file and opens it.
func opened(t *testing.T, content []byte) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestSameBytes(t *testing.T) {
	for _, size := range []int{0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 3*chunkSize + 5} {
		a := filled(1, size)
		fa := opened(t, a)
		check := func(name string, b []byte, size int, want bool, wantErr error) {
			t.Helper()
			fb := opened(t, b)
			got, err := SameBytes(t.Context(), int(fa.Fd()), int(fb.Fd()), int64(size))
			if got != want || !errors.Is(err, wantErr) {
				t.Errorf("%d bytes, %s: %v, %v", size, name, got, err)
			}
		}
		check("equal", a, size, true, nil)
		check("longer", append(bytes.Clone(a), 'x'), size, true, nil)
		check("beyond both", a, size+1, false, ErrShort)
		for _, at := range []int{0, size / 2, size - 1} {
			if at < 0 || size == 0 {
				continue
			}
			check(fmt.Sprint("byte ", at), except(a, at), size, false, nil)
		}
		if size > 0 {
			check("shorter", a[:size-1], size, false, ErrShort)
		}
	}
}

// TestSumKeepsBuffers: collections let go of no buffer, of which one is 256 KiB; undo, which
// reads many small files, would make most of its garbage so.
func TestSumKeepsBuffers(t *testing.T) {
	fd := int(opened(t, filled(1, 100)).Fd())
	var before, after runtime.MemStats
	for i := range 11 {
		if i == 1 {
			runtime.ReadMemStats(&before) // the first read made the buffer
		}
		if _, err := Sum(t.Context(), fd, 100); err != nil {
			t.Fatal(err)
		}
		runtime.GC()
		runtime.GC()
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got >= 5*chunkSize {
		t.Errorf("ten sums took %d bytes of memory", got)
	}
}

func TestSameBytesLeavesPosition(t *testing.T) {
	f := opened(t, filled(1, 100))
	if _, err := f.Seek(10, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if ok, err := SameBytes(t.Context(), int(f.Fd()), int(f.Fd()), 100); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if at, _ := f.Seek(0, io.SeekCurrent); at != 10 {
		t.Errorf("position %d", at)
	}
}

func TestSum(t *testing.T) {
	for _, size := range []int{0, 1, wholeSize, chunkSize, 2*chunkSize + 1} {
		b := filled(2, size)
		f := opened(t, b)
		got, err := Sum(t.Context(), int(f.Fd()), int64(size))
		if want := Digest(blake3.Sum256(b)); got != want || err != nil {
			t.Errorf("%d bytes: %x, %v", size, got, err)
		}
		if _, err := Sum(t.Context(), int(f.Fd()), int64(size)+1); !errors.Is(err, ErrShort) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func TestReadsHeedContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	fd := int(opened(t, filled(3, 10)).Fd())
	if _, err := Sum(ctx, fd, 10); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if same, err := SameBytes(ctx, fd, fd, 10); same || !errors.Is(err, context.Canceled) {
		t.Error(same, err)
	}
}

func TestXattrDigest(t *testing.T) {
	f := opened(t, nil)
	fd := int(f.Fd())
	digest := func() [16]byte {
		t.Helper()
		d, err := XattrDigest(fd)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	none := digest()
	set := func(name string, value []byte) [16]byte {
		t.Helper()
		if err := unix.Fsetxattr(fd, name, value, 0); err != nil {
			if err == unix.ENOTSUP {
				t.Skip("the filesystem of the temporary directory has no user attributes")
			}
			t.Fatal(name, err)
		}
		return digest()
	}
	one := set("user.one", []byte("1"))
	other := set("user.one", []byte("2"))
	long := set("user.one", filled(4, 1500)) // more than the first buffer
	if none == one || one == other || other == long {
		t.Errorf("not told apart: %x %x %x %x", none, one, other, long)
	}
	if again := set("user.one", []byte("1")); again != one {
		t.Errorf("%x, then %x", one, again)
	}
	for i := range 30 { // more names than the first list holds
		set(fmt.Sprintf("user.name-%02d", i), nil)
	}
	many := digest()
	unix.Fremovexattr(fd, "user.name-29")
	if digest() == many {
		t.Error("the last name does not count")
	}
	for i := range 29 {
		unix.Fremovexattr(fd, fmt.Sprintf("user.name-%02d", i))
	}
	if digest() != one {
		t.Error("back to one attribute, another digest")
	}
	if _, err := XattrDigest(-1); err == nil {
		t.Error("unreadable, but known")
	}
	if _, err := xattrValue(fd, "user.none"); err == nil {
		t.Error("an attribute that is not there has a value")
	}
}
