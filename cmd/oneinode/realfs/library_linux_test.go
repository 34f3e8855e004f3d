package realfs_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// sizes lie at and around the borders that a reader of files may have.
var sizes = []int{1, 2, 511, 4095, 4096, 4097, 20_000, 65_535, 65_536, 65_537, 131_072, 131_073, 300_000}

// library makes random trees; the same seed makes the same tree.
type library struct {
	t    testing.TB
	rand *rand.Rand
	made int
}

// Library fills dir with duplicates, hard-link sets, near-duplicates, owners,
// modes, attributes and things that are no files.
func Library(t testing.TB, dir string, seed uint64, groups int) {
	t.Helper()
	l := &library{t: t, rand: rand.New(rand.NewPCG(seed, 1))}
	dirs := l.directories(dir)
	for i := range groups {
		l.group(dirs, i)
	}
	for _, d := range dirs {
		must(t, os.Symlink("/etc/passwd", filepath.Join(d, "link")))
		must(t, unix.Mkfifo(filepath.Join(d, "fifo"), 0o644))
		must(t, os.WriteFile(filepath.Join(d, "empty"), nil, 0o644))
	}
	for _, d := range dirs {
		then := time.Unix(1_500_000_000, 123_456_789)
		must(t, os.Chtimes(d, then, then))
	}
}

func (l *library) directories(dir string) []string {
	var dirs []string
	for _, name := range []string{"a", "b", "a/deep", "a/deep/er", "c c", "b/Ünïcode"} {
		d := filepath.Join(dir, name)
		must(l.t, os.Mkdir(d, 0o755))
		dirs = append(dirs, d)
	}
	return append(dirs, dir)
}

// group makes two to five files of one content, some with several names, some
// with other metadata, and one file that differs in its last byte.
func (l *library) group(dirs []string, i int) {
	content := l.bytes(sizes[i%len(sizes)])
	for range 2 + l.rand.IntN(4) {
		path := l.file(dirs, content)
		l.metadata(path)
		for range l.rand.IntN(6) / 4 {
			must(l.t, os.Link(path, l.path(dirs)))
		}
	}
	content[len(content)-1]++
	l.file(dirs, content)
}

func (l *library) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(l.rand.Uint32())
	}
	return b
}

func (l *library) path(dirs []string) string {
	l.made++
	return filepath.Join(dirs[l.rand.IntN(len(dirs))], fmt.Sprintf("file-%04d", l.made))
}

func (l *library) file(dirs []string, content []byte) string {
	path := l.path(dirs)
	must(l.t, os.WriteFile(path, content, 0o644))
	return path
}

// metadata makes one file in three differ from its twins.
func (l *library) metadata(path string) {
	switch l.rand.IntN(9) {
	case 0:
		must(l.t, os.Chmod(path, 0o600))
	case 1:
		if os.Geteuid() == 0 {
			must(l.t, os.Chown(path, 1000, 1001))
		}
	case 2:
		err := unix.Setxattr(path, "user.origin", []byte("tape 7"), 0)
		if err != nil && err != unix.EOPNOTSUPP {
			l.t.Fatal(path, err)
		}
	}
	then := time.Unix(1_400_000_000+int64(l.made), 7)
	must(l.t, os.Chtimes(path, then, then))
}
