package realfs_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// trio makes three equal files that are quiet for long: "keeper", by its mtime
// the first choice of all, "middle" and "victim".
func trio(t testing.TB, dir string) (keeper, middle, victim string, content []byte) {
	t.Helper()
	content = slices.Repeat([]byte("precious "), 1000)
	for i, name := range trioNames() {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, content, 0o644))
		then := time.Unix(1_000_000_000+int64(i), 0)
		must(t, os.Chtimes(path, then, then))
	}
	return filepath.Join(dir, "keeper"), filepath.Join(dir, "middle"), filepath.Join(dir, "victim"), content
}

// duo is a trio without its middle.
func duo(t testing.TB, dir string) (keeper, victim string, content []byte) {
	t.Helper()
	keeper, middle, victim, content := trio(t, dir)
	must(t, os.Remove(middle))
	return keeper, victim, content
}

// trioNames are the names of a trio, trioWithout those but one.
func trioNames() []string { return []string{"keeper", "middle", "victim"} }

func trioWithout(held string) []string {
	return slices.DeleteFunc(trioNames(), func(s string) bool { return s == held })
}

// eachHeld has each file of a trio be one that somebody has open, or mapped, for writing when a
// run comes. of tells by what paths that such a run has joined are one.
func eachHeld[T comparable](t *testing.T, disk, link string, of func(testing.TB, string) T) {
	t.Helper()
	for _, held := range trioNames() {
		for how, hold := range map[string]func(testing.TB, string) func(string){"open": openForWriting, "mapped": mapForWriting} {
			t.Run(how+" "+held, func(t *testing.T) {
				dir := filepath.Join(disk, how+"-"+held)
				must(t, os.Mkdir(dir, 0o755))
				writerBefore(t, dir, link, held, hold, of)
			})
		}
	}
}

func inode(t testing.TB, path string) uint64 {
	t.Helper()
	var st unix.Stat_t
	must(t, unix.Lstat(path, &st))
	return st.Ino
}

// leaseFilesystems are those on which open writers must be seen.
var leaseFilesystems = map[string]func(t testing.TB) string{
	"ext4":    func(t testing.TB) string { return Ext4(t, Disk{}) },
	"xfs":     func(t testing.TB) string { return XFS(t, Disk{}) },
	"btrfs":   func(t testing.TB) string { return Btrfs(t, Disk{}) },
	"tmpfs":   func(t testing.TB) string { return Tmpfs(t, "") },
	"overlay": func(t testing.TB) string { return Overlay(t, nil).Merged },
}

// followed is the inode that a path leads to, maybe through a symbolic link.
func followed(t testing.TB, path string) uint64 {
	t.Helper()
	var st unix.Stat_t
	must(t, unix.Stat(path, &st))
	return st.Ino
}

// TestWriterBefore: a file that a process has open, or still mapped, for
// writing is neither replaced nor kept as the shared one, and is told; the rest is done.
func TestWriterBefore(t *testing.T) {
	t.Parallel()
	for name, disk := range leaseFilesystems {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachHeld(t, disk(t), "hard", inode)
		})
	}
}

func writerBefore[T comparable](t *testing.T, dir, link, held string, hold func(testing.TB, string) func(string), of func(testing.TB, string) T) {
	t.Helper()
	_, _, _, content := trio(t, dir)
	flushed(t, dir)
	path := filepath.Join(dir, held)
	write := hold(t, path)
	before := of(t, path)
	r := Oneinode(t).Run("dedupe", "-v", "--link", link, dir).want(t, 0)
	if said := r.Stdout + r.Stderr; !strings.Contains(said, path) || !strings.Contains(said, "open for writing") {
		t.Errorf("%s: not told that it is open for writing:\n%.2000s", path, said)
	}
	if of(t, path) != before {
		t.Errorf("%s was replaced while open for writing", path)
	}
	others := trioWithout(held)
	if a, b := of(t, filepath.Join(dir, others[0])), of(t, filepath.Join(dir, others[1])); a != b || a == before {
		t.Errorf("%s open: it is %v, and the others are %v and %v", path, before, a, b)
	}
	write("WRITTEN")
	wantStart(t, path, "WRITTEN")
	for _, other := range others {
		wantContent(t, filepath.Join(dir, other), content)
	}
}

func openForWriting(t testing.TB, path string) func(string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	must(t, err)
	return func(s string) {
		_, err := f.WriteAt([]byte(s), 0)
		must(t, err)
		must(t, f.Close())
	}
}

func mapForWriting(t testing.TB, path string) func(string) {
	t.Helper()
	var fs unix.Statfs_t
	if must(t, unix.Statfs(path, &fs)); fs.Type == unix.OVERLAYFS_SUPER_MAGIC {
		t.Skip("overlayfs: the mapping belongs to the layer below, and the kernel shows it nowhere (docs/safety.md, the limits)")
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	mem, err := unix.Mmap(int(f.Fd()), 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	must(t, err)
	must(t, f.Close())
	return func(s string) {
		copy(mem, s)
		must(t, unix.Munmap(mem))
	}
}

func wantStart(t testing.TB, path, start string) {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	if !strings.HasPrefix(string(b), start) {
		t.Errorf("%s lost what was written: begins with %.20q", path, b)
	}
}

func wantContent(t testing.TB, path string, content []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	if !slices.Equal(b, content) {
		at := firstDifference(b, content)
		t.Errorf("%s has changed: %d bytes instead of %d, from byte %d on %.40q instead of %.40q", path, len(b), len(content), at, b[at:], content[at:])
	}
}

// firstDifference is where a and b part.
func firstDifference(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// windows are the moments in the middle of a replace that strace can stretch, by the call
// that makes the temporary name.
func windows(call string) []string {
	return []string{call + ":delay_exit=400ms", "renameat2:delay_enter=400ms", "renameat2:delay_exit=400ms", "unlinkat:delay_enter=400ms"}
}

// TestWriterMeanwhile: a writer that comes in the middle of a replace finds its
// bytes at its path. Only a path that was linked with it already may show them too.
func TestWriterMeanwhile(t *testing.T) {
	t.Parallel()
	writersMeanwhile(t, "hard", "linkat")
}

func writersMeanwhile(t *testing.T, link, call string) {
	needTools(t, "strace")
	for _, window := range windows(call) {
		for _, target := range []string{"keeper", "victim"} {
			for _, how := range []string{"overwrite", "append", "truncate"} {
				t.Run(window+"/"+target+"/"+how, func(t *testing.T) {
					t.Parallel()
					writerMeanwhile(t, link, window, target, how)
				})
			}
		}
	}
}

func writerMeanwhile(t *testing.T, link, window, target, how string) {
	dir := tempDir(t)
	keeper, victim, content := duo(t, dir)
	_, run := Oneinode(t).replacing(dir, []string{window}, "dedupe", "--link", link, dir)
	time.Sleep(100 * time.Millisecond)
	path := filepath.Join(dir, target)
	want := intrude(t, path, how, content)
	run.wait().want(t, 0)
	wantContent(t, path, want)
	other := keeper
	if target == "keeper" {
		other = victim
	}
	if !linked(t, dir) {
		wantContent(t, other, content)
	}
	noLeftovers(t, Manifest(t, dir))
}

// intrude opens a path for writing, as another program would, and returns what
// the path must hold from then on.
func intrude(t testing.TB, path, how string, content []byte) []byte {
	t.Helper()
	flags := map[string]int{"overwrite": 0, "append": os.O_APPEND, "truncate": os.O_TRUNC}[how]
	must(t, undisturbed(func() error { return writeLate(path, flags) }))
	switch how {
	case "append":
		return slices.Concat(content, []byte("LATE"))
	case "truncate":
		return []byte("LATE")
	}
	return slices.Concat([]byte("LATE"), content[4:])
}

// writeLate opens a file for writing and writes four bytes.
func writeLate(path string, flags int) error {
	f, err := os.OpenFile(path, os.O_WRONLY|flags, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString("LATE")
	return errors.Join(err, f.Close())
}

// TestWriterAfter: the lease ends with the run; nobody waits for it.
func TestWriterAfter(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	keeper, _, victim, content := trio(t, dir)
	Oneinode(t).Dedupe(0, dir)
	start := time.Now()
	want := intrude(t, victim, "append", content)
	if took := time.Since(start); took > 20*time.Second { // of the 45 after which the kernel ends a lease
		t.Errorf("a writer had to wait %v", took)
	}
	// One file now: that is what a hard link means.
	wantContent(t, keeper, want)
}
