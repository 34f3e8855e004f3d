package beneath

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestPathOnly: O_PATH opens a symbolic link itself with O_NOFOLLOW; both ways
// must refuse that, and O_PATH must bear the flags that openat2 does not take.
func TestPathOnly(t *testing.T) {
	leaksNothing(t)
	_, dirfd := plant(t)
	const flags = unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC | unix.O_NOATIME
	for name, open := range ways {
		if _, err := open(dirfd, []byte("a/b/flink"), flags); !errors.Is(err, unix.ELOOP) {
			t.Errorf("%s: %v, want ELOOP", name, err)
		}
		fd, err := open(dirfd, []byte("a/b/file"), flags)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		unix.Close(fd)
	}
}

// TestOpenMovedAway: what is moved out of the directory during the look-up is
// there or not there; the kernel's EXDEV for it would be told as an error.
func TestOpenMovedAway(t *testing.T) {
	dir, dirfd := plant(t)
	moved, stop := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(moved)
		for {
			select {
			case <-stop:
				return
			default:
				os.Rename(dir+"/a/b/c", dir+"/a/c")
				os.Rename(dir+"/a/c", dir+"/a/b/c")
			}
		}
	}()
	defer func() { close(stop); <-moved }()
	b, err := Open(dirfd, "a/b", unix.O_PATH|unix.O_DIRECTORY)
	must(t, err)
	defer unix.Close(b)
	for range 100_000 {
		fd, err := Open(b, "c", unix.O_RDONLY|unix.O_DIRECTORY)
		if err == nil {
			unix.Close(fd)
		} else if err != unix.ENOENT {
			t.Fatal(err)
		}
	}
}

func TestCut(t *testing.T) {
	long := bytes.Repeat([]byte("abc/"), 1024) // exactly PATH_MAX
	piece, rest, err := cut(long)
	if err != nil || len(piece) != pathMax-1 || len(rest) != 0 {
		t.Errorf("piece of %d, rest of %d bytes, %v", len(piece), len(rest), err)
	}
	if _, _, err := cut(bytes.Repeat([]byte("a"), pathMax)); !errors.Is(err, unix.ENAMETOOLONG) {
		t.Errorf("%v, want ENAMETOOLONG", err)
	}
}

func BenchmarkOpen(b *testing.B) {
	fd, err := unix.Open("/", unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer unix.Close(fd)
	path := []byte("usr/share/doc")
	b.ReportAllocs()
	for b.Loop() {
		got, err := Open(fd, path, unix.O_RDONLY|unix.O_DIRECTORY)
		if err != nil {
			b.Fatal(err)
		}
		unix.Close(got)
	}
}

// FuzzWays: with and without openat2 the same paths open, and what one way
// refuses as a link the other refuses, too.
func FuzzWays(f *testing.F) {
	for _, path := range []string{"a/b/file", "a/link/file", "a/b/flink/", "a//b/.", "a/b/file/.", "root/etc", "./a/", "a/b/c/."} {
		f.Add(path, true)
		f.Add(path, false)
	}
	f.Fuzz(func(t *testing.T, path string, pathOnly bool) {
		if path == "" || check([]byte(path)) != nil {
			return
		}
		_, dirfd := plant(t)
		flags := unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_CLOEXEC
		if pathOnly {
			flags = unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC
		}
		left, err := byPieces(dirfd, []byte(path), flags)
		right, err2 := byComponents(dirfd, []byte(path), flags)
		if (err == nil) != (err2 == nil) || errors.Is(err, unix.ELOOP) != errors.Is(err2, unix.ELOOP) {
			t.Fatalf("%q: %v by pieces, %v by components", path, err, err2)
		}
		if err != nil {
			return
		}
		var a, b unix.Stat_t
		must(t, unix.Fstat(left, &a))
		must(t, unix.Fstat(right, &b))
		if a.Ino != b.Ino || a.Mode&unix.S_IFMT == unix.S_IFLNK {
			t.Errorf("%q: inode %d and %d, mode %o", path, a.Ino, b.Ino, a.Mode)
		}
		unix.Close(left)
		unix.Close(right)
	})
}
