package realfs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// stranger owns the tree that root dedupes.
const stranger = 1000

// slowCalls are the steps of a replace that strace can stretch, so that an
// attacker has the time that luck would give once in a million.
var slowCalls = []string{"openat2:delay_enter=15ms", "openat:delay_enter=5ms", "linkat:delay_enter=15ms", "renameat2:delay_enter=15ms",
	"renameat2:delay_exit=15ms", "unlinkat:delay_enter=15ms", "fcntl:delay_enter=5ms"}

// TestHostileTree: as root in the tree of somebody else, who swaps directories
// for symbolic links and names for other names all the time, nothing outside
// the tree changes, nothing hangs, and no content of the tree is lost.
func TestHostileTree(t *testing.T) {
	t.Parallel()
	needRoot(t)
	needTools(t, "strace")
	attacks := map[string]func(t testing.TB, tree, outside string) func(){
		"directory to link outside":  swapDirectory,
		"file to link outside":       swapFile,
		"names exchanged":            swapNames,
		"fifo in place of a file":    swapFIFO,
		"directory moved and remade": moveDirectory,
	}
	for name, attack := range attacks {
		for _, slow := range slowCalls {
			t.Run(name+"/"+slow, func(t *testing.T) {
				t.Parallel()
				hostile(t, attack, slow)
			})
		}
	}
}

func hostile(t *testing.T, attack func(t testing.TB, tree, outside string) func(), slow string, flags ...string) {
	dir := tempDir(t)
	tree, outside := filepath.Join(dir, "tree"), filepath.Join(dir, "outside")
	for _, d := range []string{tree, outside} {
		must(t, os.Mkdir(d, 0o755))
		makeCopies(t, d, 2, 10)
	}
	tool(t, "chown", "-R", fmt.Sprint(stranger), tree)
	// Outside is as good a match as it can be: it must not even become a keeper.
	tool(t, "chown", "-R", fmt.Sprint(stranger), outside)
	contents := contentsOf(Manifest(t, tree))
	before := Manifest(t, outside)

	step := attack(t, tree, outside)
	run := Oneinode(t).Start(strace(t, []string{slow}), slices.Concat([]string{"dedupe"}, flags, []string{tree})...)
	for turns := 0; !over(run); turns++ {
		step()
		time.Sleep(time.Duration(turns%7) * time.Millisecond)
	}
	if r := run.wait(); r.Code != 0 && r.Code != 3 && r.Code != 1 {
		t.Errorf("exit code %d\n%s", r.Code, r.trouble())
	}
	checkIdentical(t, before, Manifest(t, outside))
	for sha, n := range contents {
		if len(flags) > 0 {
			n = 1 // symbolic links are no names of a file, and lead elsewhere when it is moved
		}
		if got := contentsOf(Manifest(t, tree))[sha]; got < n {
			t.Errorf("%d names of one content were there, %d are left", n, got)
		}
	}
}

func over(r *running) bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// contentsOf counts the names of each content, temporary ones left out.
func contentsOf(tree Tree) map[string]int {
	count := map[string]int{}
	for _, e := range tree.settled() {
		if e.Type == unix.S_IFREG {
			count[e.SHA]++
		}
	}
	return count
}

// exchange swaps two names in one step.
func exchange(a, b string) {
	unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
}

func swapDirectory(t testing.TB, tree, outside string) func() {
	link := filepath.Join(tree, "link")
	must(t, os.Symlink(filepath.Join(outside, "d01"), link))
	return func() { exchange(link, filepath.Join(tree, "d01")) }
}

func swapFile(t testing.TB, tree, outside string) func() {
	link := filepath.Join(tree, "link")
	must(t, os.Symlink(filepath.Join(outside, "d01", "f05"), link))
	return func() { exchange(link, filepath.Join(tree, "d01", "f05")) }
}

func swapNames(t testing.TB, tree, _ string) func() {
	return func() {
		exchange(filepath.Join(tree, "d00", "f03"), filepath.Join(tree, "d01", "f04"))
		exchange(filepath.Join(tree, "d00", "f05"), filepath.Join(tree, "d01", "f06"))
	}
}

func swapFIFO(t testing.TB, tree, _ string) func() {
	fifo := filepath.Join(tree, "fifo")
	must(t, unix.Mkfifo(fifo, 0o644))
	return func() { exchange(fifo, filepath.Join(tree, "d01", "f05")) }
}

// moveDirectory takes a directory out of the tree and puts another one, of
// equal content, into its place.
func moveDirectory(t testing.TB, tree, _ string) func() {
	twin := filepath.Join(filepath.Dir(tree), "twin")
	must(t, os.Mkdir(twin, 0o755))
	makeCopies(t, twin, 1, 10)
	tool(t, "chown", "-R", fmt.Sprint(stranger), twin)
	return func() { exchange(filepath.Join(twin, "d00"), filepath.Join(tree, "d00")) }
}

// TestSpecialFiles: what is no regular file is never opened, so it cannot hang a run.
func TestSpecialFiles(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	makeCopies(t, dir, 1, 10)
	must(t, unix.Mkfifo(filepath.Join(dir, "fifo"), 0o644))
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	must(t, err)
	defer unix.Close(fd)
	// A socket's address holds 108 bytes, a path may have more.
	must(t, unix.Bind(fd, &unix.SockaddrUnix{Name: socketName(t, dir)}))
	if os.Geteuid() == 0 {
		must(t, unix.Mknod(filepath.Join(dir, "null"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))))
	}
	before := Manifest(t, dir)
	Oneinode(t).Dedupe(0, dir)
	CheckSame(t, before, Manifest(t, dir))
}

func socketName(t testing.TB, dir string) string {
	t.Helper()
	f, err := os.Open(dir)
	must(t, err)
	t.Cleanup(func() { f.Close() })
	return fmt.Sprintf("/proc/self/fd/%d/socket", f.Fd())
}

// TestUnreadable: what cannot be read is equal to nothing, and is told.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := tempDir(t)
	copies(t, dir, 6, 5000)
	must(t, os.Chown(dir, stranger, stranger))
	for i := range 6 {
		path := filepath.Join(dir, fmt.Sprintf("copy-%05d", i))
		must(t, os.Chown(path, stranger, stranger))
		if i < 3 {
			must(t, os.Chmod(path, 0))
		}
	}
	oneinode := OneinodeOf(t, stranger)
	before := Manifest(t, dir)
	done := oneinode.Dedupe(3, dir)
	after := Manifest(t, dir)
	CheckSame(t, before, after)
	if done.Linked != 2 {
		t.Errorf("%d names linked, want 2: the readable ones", done.Linked)
	}
	for i := range 3 {
		path := fmt.Sprintf("./copy-%05d", i)
		if before[path].Inode != after[path].Inode || after[path].Links != 1 {
			t.Errorf("%s, which nobody can read, was linked", path)
		}
	}
}

// TestForeignSplit: names in a directory that cannot be read may be shared still, so that the
// exit code is not 0.
func TestForeignSplit(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := tempDir(t)
	must(t, os.Mkdir(filepath.Join(dir, "closed"), 0o700))
	for _, args := range [][]string{{}, {"--dry-run"}} {
		oneinode := OneinodeOf(t, stranger)
		r := oneinode.Run(append([]string{"split", "-r", dir}, args...)...)
		if r.Code != 3 || !strings.Contains(r.Stderr, "closed") {
			t.Errorf("%q: exit code %d, want 3\n%s", args, r.Code, r.trouble())
		}
	}
}

// TestForeignSticky: in a sticky directory of somebody else no run leaves temporary names of
// files that the user may link to, but not remove; what is the user's own is linked.
func TestForeignSticky(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := tempDir(t)
	copies(t, dir, 4, 5000)
	must(t, os.Chmod(dir, 0o777|os.ModeSticky))
	for i := range 4 {
		path := filepath.Join(dir, fmt.Sprintf("copy-%05d", i))
		must(t, os.Chmod(path, 0o666)) // so that fs.protected_hardlinks lets anybody link
		if i < 2 {
			must(t, os.Chown(path, stranger, stranger))
		}
	}
	oneinode := OneinodeOf(t, stranger)
	before := Manifest(t, dir)
	done := oneinode.Dedupe(3, dir)
	after := Manifest(t, dir)
	checkPaths(t, "dedupe", before, after)
	if left := Leftovers(after); len(left) != 0 || done.Linked != 1 {
		t.Errorf("%d names linked, want 1; left behind: %q", done.Linked, left)
	}
}

// TestForeignDirectory: what the user may not change is told, and left alone.
func TestForeignDirectory(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := tempDir(t)
	copies(t, dir, 4, 5000)
	oneinode := OneinodeOf(t, stranger)
	before := Manifest(t, dir)
	for _, c := range []struct {
		words []string
		code  int
		told  string
	}{{[]string{"scan"}, 0, "may not write to " + dir}, {[]string{"dedupe", "-n"}, 3, "its directory may not be written to"}, {[]string{"dedupe"}, 3, "its directory may not be written to"}} {
		if r := oneinode.Run(append(c.words, dir)...); r.Code != c.code || strings.Contains(r.Stdout, "next:") || !strings.Contains(r.Stderr, c.told) {
			t.Errorf("%s: exit code %d\n%s%s", c.words, r.Code, r.Stdout, r.Stderr)
		}
	}
	checkIdentical(t, before, Manifest(t, dir))
}
