package beneath

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// ways are all implementations: the fallback must keep the same promise.
var ways = map[string]func(int, []byte, int) (int, error){"open": open, "byComponents": byComponents}

func plant(t *testing.T) (dir string, fd int) {
	t.Helper()
	dir = t.TempDir()
	must(t, os.MkdirAll(filepath.Join(dir, "a/b/c"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "a/b/file"), []byte("x"), 0o644))
	must(t, os.Symlink("b", filepath.Join(dir, "a/link")))
	must(t, os.Symlink("file", filepath.Join(dir, "a/b/flink")))
	must(t, os.Symlink("/", filepath.Join(dir, "root")))
	return dir, openDir(t, dir)
}

// leaksNothing fails the test if a descriptor is left open in the end.
func leaksNothing(t *testing.T) {
	t.Helper()
	before, err := os.ReadDir("/dev/fd")
	must(t, err)
	t.Cleanup(func() {
		if after, err := os.ReadDir("/dev/fd"); err != nil || len(after) != len(before) {
			t.Errorf("%d descriptors before, %d after, %v", len(before), len(after), err)
		}
	})
}

func openDir(t *testing.T, dir string) int {
	t.Helper()
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	must(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestOpen(t *testing.T) {
	leaksNothing(t)
	_, dirfd := plant(t)
	const directory = unix.O_RDONLY | unix.O_DIRECTORY
	for _, c := range []struct {
		path  string
		flags int
		want  error
	}{
		{".", directory, nil},
		{"a/b/c", directory, nil},
		{"a//b/./c/", directory, nil},
		{"a/b/file", unix.O_RDONLY, nil},
		{"a/b/file", unix.O_WRONLY, nil},
		{"a/b/file", directory, unix.ENOTDIR},
		{"a/b/file/", unix.O_RDONLY, unix.ENOTDIR},
		{"a/b/file/x", unix.O_RDONLY, unix.ENOTDIR},
		{"a/none", unix.O_RDONLY, unix.ENOENT},
		{"a/link", directory, unix.ELOOP},
		{"a/link/file", unix.O_RDONLY, unix.ELOOP},
		{"a/b/flink", unix.O_RDONLY, unix.ELOOP},
		{"root/etc", directory, unix.ELOOP},
		{strings.Repeat("n", 300), unix.O_RDONLY, unix.ENAMETOOLONG},
		{"a/" + strings.Repeat("n", 5000), unix.O_RDONLY, unix.ENAMETOOLONG},
		{"none/" + strings.Repeat("a/", 3000), unix.O_RDONLY, unix.ENOENT},
	} {
		for name, open := range ways {
			fd, err := open(dirfd, []byte(c.path), c.flags|unix.O_NOFOLLOW|unix.O_CLOEXEC)
			if !errors.Is(err, c.want) {
				t.Errorf("%s %.20q: %v, want %v", name, c.path, err, c.want)
			}
			if err == nil {
				unix.Close(fd)
			}
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	_, dirfd := plant(t)
	for path, want := range map[string]error{
		"/etc": unix.EXDEV, "..": unix.EXDEV, "a/../..": unix.EXDEV, "a/..": unix.EXDEV, "a\x00b": unix.EINVAL,
	} {
		if _, err := Open(dirfd, path, unix.O_RDONLY); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", path, err, want)
		}
	}
}

func TestOpenDotsInNames(t *testing.T) {
	dir := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(dir, "..a/b.."), 0o755))
	fd, err := Open(openDir(t, dir), "..a/b..", unix.O_RDONLY|unix.O_DIRECTORY)
	must(t, err)
	unix.Close(fd)
}

// TestOpenEmpty: the directory itself, through a descriptor of its own.
func TestOpenEmpty(t *testing.T) {
	dir, dirfd := plant(t)
	fd, err := Open(dirfd, []byte(nil), unix.O_RDONLY|unix.O_DIRECTORY)
	must(t, err)
	defer unix.Close(fd)
	var got, want unix.Stat_t
	must(t, unix.Fstat(fd, &got))
	must(t, unix.Stat(dir, &want))
	if fd == dirfd || got.Ino != want.Ino {
		t.Errorf("descriptor %d of inode %d, want a new one of %d", fd, got.Ino, want.Ino)
	}
}

// TestOpenLong: a path of several times PATH_MAX, and a symbolic link at its end.
func TestOpenLong(t *testing.T) {
	leaksNothing(t)
	dir := t.TempDir()
	base := openDir(t, dir)
	part, at := strings.Repeat("d", 200), base
	var path []byte
	for range 50 { // ten thousand bytes
		must(t, unix.Mkdirat(at, part, 0o755))
		next, err := Open(at, part, unix.O_RDONLY|unix.O_DIRECTORY)
		must(t, err)
		if at != base {
			unix.Close(at)
		}
		at, path = next, append(append(path, part...), '/')
	}
	must(t, unix.Symlinkat(".", at, "link"))
	unix.Close(at)
	for name, open := range ways {
		fd, err := open(base, path[:len(path)-1], unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		unix.Close(fd)
		_, err = open(base, append(path, "link"...), unix.O_RDONLY|unix.O_NOFOLLOW)
		if !errors.Is(err, unix.ELOOP) {
			t.Errorf("%s: %v, want ELOOP", name, err)
		}
	}
}
