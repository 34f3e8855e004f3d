package beneath

import (
	"bytes"
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

// TestPathOnly: O_PATH opens a symbolic link itself with O_NOFOLLOW; both ways
// must refuse that, and O_PATH must bear the flags that openat2 does not take.
func TestPathOnly(t *testing.T) {
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
