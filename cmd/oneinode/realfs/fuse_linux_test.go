package realfs_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// needFUSE asks for FUSE and for a program that makes a filesystem with it.
func needFUSE(t testing.TB, tool string) {
	t.Helper()
	needRoot(t)
	if _, err := os.Stat("/dev/fuse"); err != nil {
		t.Skipf("no FUSE here: %v", err)
	}
	needTools(t, tool)
}

// mountFUSE has a program mount its filesystem on a new directory, which the line names
// as DIR, and returns that. The program ends with the mount.
func mountFUSE(t testing.TB, line ...string) string {
	t.Helper()
	needFUSE(t, line[0])
	dir := tempDir(t)
	args := slices.Clone(line[1:])
	args[slices.Index(args, "DIR")] = dir
	tool(t, line[0], args...)
	t.Cleanup(func() { unmount(t, dir) })
	return dir
}

// bindFS shows another directory through FUSE, as most libfuse programs do: each name is
// an inode to the kernel, and open files are hidden instead of removed.
func bindFS(t testing.TB) string {
	return mountFUSE(t, "bindfs", tempDir(t), "DIR")
}

// fuseOverlay is an overlay that a program makes; it exchanges names.
func fuseOverlay(t testing.TB, lower, upper, work string) string {
	return mountFUSE(t, "fuse-overlayfs", "-o", "lowerdir="+lower+",upperdir="+upper+",workdir="+work, "DIR")
}

// mergerFS joins directories. Without use_ino it numbers each name by itself.
func mergerFS(t testing.TB, options string, branches ...string) string {
	return mountFUSE(t, "mergerfs", "-o", "minfreespace=0,"+options, strings.Join(branches, ":"), "DIR")
}

// settled puts files on FUSE back by more than the second for which the kernel keeps what
// it was told of them.
func settled() { time.Sleep(1100 * time.Millisecond) }

// pairs makes n files of equal content, each with two names.
func pairs(t testing.TB, dir string, n int) {
	t.Helper()
	must(t, os.MkdirAll(dir, 0o755))
	for i := range n {
		name := filepath.Join(dir, fmt.Sprint("f", i))
		must(t, os.WriteFile(name, noise(1, 50_000), 0o644))
		must(t, os.Link(name, name+"-too"))
	}
}

// leaveDirTimes drops the mtimes of directories: where libfuse hides an open file until it
// is closed, that moves them once more.
func leaveDirTimes(tree Tree) Tree {
	for path, e := range tree {
		if e.Type == unix.S_IFDIR {
			e.Mtime = 0
			tree[path] = e
		}
	}
	return tree
}

// TestFUSE: through FUSE a run frees what it says, the next one has nothing to do, and an
// undo gives back all names, also those that were hard links.
func TestFUSE(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(t testing.TB) string{
		"bindfs": bindFS,
		"fuse-overlayfs": func(t testing.TB) string {
			return fuseOverlay(t, tempDir(t), tempDir(t), tempDir(t))
		},
		"mergerfs": func(t testing.TB) string {
			return mergerFS(t, "use_ino,category.create=ff", tempDir(t), tempDir(t))
		},
	} {
		for _, link := range []string{"hard", "symlink"} {
			t.Run(name+" "+link, func(t *testing.T) {
				t.Parallel()
				thereAndBack(t, filepath.Join(make(t), "tree"), link)
			})
		}
	}
}

func thereAndBack(t *testing.T, dir, link string) {
	pairs(t, dir, 4)
	settled()
	before := leaveDirTimes(Manifest(t, dir))
	oneinode := Oneinode(t)
	plan := oneinode.Dedupe(0, "-n", "--link", link, dir)
	did := oneinode.Dedupe(0, "--link", link, dir)
	if did.FreedBytes != plan.ReclaimableBytes || did.Linked != 6 {
		t.Errorf("%d names linked, %d bytes freed; the plan had 6 and %d", did.Linked, did.FreedBytes, plan.ReclaimableBytes)
	}
	CheckContent(t, before, Followed(t, dir))
	settled()
	if again := oneinode.Dedupe(0, "--link", link, dir); again.Linked != 0 {
		t.Errorf("the next run links %d names", again.Linked)
	}
	oneinode.Run("undo").want(t, 0)
	settled()
	after := leaveDirTimes(Manifest(t, dir))
	CheckSame(t, before, after)
	if got, want := pairsLeft(after), pairsLeft(before); got != want {
		t.Errorf("%d hard links after undo, want %d", got, want)
	}
}

// pairsLeft counts the files of pairs of which both names are one inode.
func pairsLeft(tree Tree) (n int) {
	for path, e := range tree {
		if too, there := tree[path+"-too"]; there && too.Inode == e.Inode {
			n++
		}
	}
	return n
}

// CheckContent fails if a path of before is gone or shows other bytes.
func CheckContent(t testing.TB, before, after Tree) {
	t.Helper()
	checkContents(t, "content", before, after)
	noLeftovers(t, after)
}

// TestFUSETwoFilesOneNumber: two files from two disks have one inode number and more than
// one name each. What is done to the names of one must not be done to those of the other.
func TestFUSETwoFilesOneNumber(t *testing.T) {
	t.Parallel()
	for _, link := range []string{"hard", "symlink"} {
		t.Run(link, func(t *testing.T) {
			t.Parallel()
			dir := numberedTwice(t)
			before := Manifest(t, dir)
			if !sharesNumbers(before) {
				missing(t, "the two disks gave no two files one number")
			}
			settled()
			did := Oneinode(t).Dedupe(0, "--link", link, dir)
			CheckContent(t, before, Followed(t, dir))
			if did.Linked == 0 {
				t.Error("nothing linked: the test shows nothing")
			}
		})
	}
}

// numberedTwice joins two new disks, which number their files from the same number on:
// "a" has files of one content, "b" of one content each.
func numberedTwice(t testing.TB) string {
	upper, lower := Ext4(t, Disk{}), Ext4(t, Disk{})
	needFUSE(t, "fuse-overlayfs")
	a := filepath.Join(upper, "up", "a")
	must(t, os.MkdirAll(filepath.Join(upper, "work"), 0o755))
	pairs(t, a, 12)
	must(t, os.MkdirAll(filepath.Join(lower, "so", "that", "directories", "differ"), 0o755))
	must(t, os.MkdirAll(filepath.Join(lower, "low", "b"), 0o755))
	when := time.Unix(1_600_000_000, 0)
	for i := range 20 {
		name := filepath.Join(lower, "low", "b", fmt.Sprint("g", i))
		must(t, os.WriteFile(name, noise(uint64(100+i), 50_000), 0o644))
		must(t, os.Link(name, name+"-too"))
		must(t, os.Chtimes(name, when, when))
	}
	for i := range 12 {
		must(t, os.Chtimes(filepath.Join(a, fmt.Sprint("f", i)), when, when))
	}
	return fuseOverlay(t, filepath.Join(lower, "low"), filepath.Join(upper, "up"), filepath.Join(upper, "work"))
}

// sharesNumbers reports whether files of a and b have one inode number.
func sharesNumbers(tree Tree) bool {
	inA := map[uint64]bool{}
	for path, e := range tree {
		if strings.HasPrefix(path, "./a/") {
			inA[e.Inode] = true
		}
	}
	for path, e := range tree {
		if strings.HasPrefix(path, "./b/") && inA[e.Inode] {
			return true
		}
	}
	return false
}

// TestFUSENumberedNames: where each name has a number of its own, nothing is linked, nothing
// is left behind, and that is a reason, not a failure.
func TestFUSENumberedNames(t *testing.T) {
	t.Parallel()
	for _, link := range []string{"hard", "symlink"} {
		t.Run(link, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(mergerFS(t, "category.create=ff", tempDir(t), tempDir(t)), "tree")
			must(t, os.Mkdir(dir, 0o755))
			makeCopies(t, dir, 2, 6)
			settled()
			before := Manifest(t, dir)
			r := Oneinode(t).Run("dedupe", "--format", "json", "--link", link, dir)
			if s := r.summary(t); r.Code != 0 || s.Linked != 0 || s.Failed != 0 || !strings.Contains(r.Stdout, "an inode number of its own") {
				t.Errorf("exit code %d, %+v\n%s", r.Code, s, r.trouble())
			}
			CheckContent(t, before, Manifest(t, dir))
		})
	}
}

// TestFUSEBranches: a pool and its branches show the same files. What is freed counts once,
// and no path of either is lost, though the pool would move names to another branch.
func TestFUSEBranches(t *testing.T) {
	t.Parallel()
	for _, link := range []string{"hard", "symlink"} {
		t.Run(link, func(t *testing.T) {
			t.Parallel()
			one, two := Ext4(t, Disk{}), Ext4(t, Disk{})
			pool := mergerFS(t, "use_ino", one, two)
			content := noise(1, 50_000)
			for _, name := range []string{one + "/x/c", one + "/y/b", two + "/x/a"} {
				must(t, os.MkdirAll(filepath.Dir(name), 0o755))
				must(t, os.WriteFile(name, content, 0o644))
			}
			settled()
			paths := []string{pool, one, two}
			before := FreeBytes(t, one) + FreeBytes(t, two)
			oneinode := Oneinode(t)
			plan := oneinode.Dedupe(0, append([]string{"-n", "--link", link}, paths...)...)
			oneinode.Dedupe(0, append([]string{"--link", link}, paths...)...)
			if freed := FreeBytes(t, one) + FreeBytes(t, two) - before; freed < plan.ReclaimableBytes || plan.ReclaimableBytes == 0 {
				t.Errorf("%d bytes freed, the plan said %d", freed, plan.ReclaimableBytes)
			}
			settled()
			for _, name := range []string{"x/c", "y/b", "x/a"} {
				wantContent(t, filepath.Join(pool, name), content)
			}
			for _, name := range []string{one + "/x/c", one + "/y/b", two + "/x/a"} {
				wantContent(t, name, content)
			}
		})
	}
}

// TestFUSEHangs: a filesystem that does not answer holds a run after the first signal. It
// says so, and a second signal ends it.
func TestFUSEHangs(t *testing.T) {
	t.Parallel()
	needFUSE(t, "bindfs")
	source, dir := tempDir(t), tempDir(t)
	makeCopies(t, source, 1, 4)
	daemon := exec.Command("bindfs", "-f", source, dir)
	must(t, daemon.Start())
	t.Cleanup(func() {
		daemon.Process.Signal(syscall.SIGCONT)
		unmount(t, dir)
		daemon.Wait()
	})
	awaitMount(t, dir)
	settled()
	must(t, daemon.Process.Signal(syscall.SIGSTOP))
	awaitStopped(t, daemon.Process.Pid)

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	run := Oneinode(t).Command(ctx, nil, "scan", "--no-cache", dir)
	stderr, err := run.StderrPipe()
	must(t, err)
	must(t, run.Start())
	awaitHung(t, run.Process.Pid)
	must(t, run.Process.Signal(syscall.SIGTERM))
	defer time.AfterFunc(patience/2, func() {
		t.Errorf("it does not end; threads wait in %q", placesOf(run.Process.Pid))
		daemon.Process.Signal(syscall.SIGCONT)
	}).Stop()
	line, err := bufio.NewReader(stderr).ReadString('\n')
	if !strings.Contains(line, "a second signal ends it at once (umount -f") {
		t.Errorf("%q, %v", line, err)
	}
	must(t, run.Process.Signal(syscall.SIGTERM))
	if err := run.Wait(); run.ProcessState.ExitCode() != 143 {
		t.Errorf("%v, want exit code 143", err)
	}
}

// awaitMount waits until a filesystem is mounted on dir.
func awaitMount(t testing.TB, dir string) {
	t.Helper()
	var above, here unix.Stat_t
	for start := time.Now(); time.Since(start) < patience; time.Sleep(20 * time.Millisecond) {
		must(t, unix.Stat(filepath.Dir(dir), &above))
		if err := unix.Stat(dir, &here); err == nil && here.Dev != above.Dev {
			return
		}
	}
	t.Fatal("bindfs has not mounted")
}

// awaitStopped waits until all threads of a process have stopped: one that is still on its way may
// take a request from the kernel, which then lets nothing end who waits for the answer, not even SIGKILL.
func awaitStopped(t testing.TB, pid int) {
	t.Helper()
	for start := time.Now(); time.Since(start) < patience; time.Sleep(time.Millisecond) {
		threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		if len(threads) > 0 && !slices.ContainsFunc(threads, runs) {
			return
		}
	}
	t.Fatal("the filesystem does not stop")
}

// runs tells from a thread's stat whether it has not stopped: T stands behind its name (proc_pid_stat(5)).
func runs(stat string) bool {
	text, _ := os.ReadFile(stat)
	return !strings.Contains(string(text), ") T ")
}

// awaitHung waits until a process waits for FUSE (request_wait_answer of the kernel): then it
// has long begun to catch signals.
func awaitHung(t testing.TB, pid int) {
	t.Helper()
	for start := time.Now(); time.Since(start) < patience; time.Sleep(20 * time.Millisecond) {
		if slices.Contains(placesOf(pid), "request_wait_answer") {
			return
		}
	}
	t.Fatal("the program does not wait for the filesystem")
}

// placesOf returns where in the kernel the threads of a process wait.
func placesOf(pid int) (places []string) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/wchan", pid))
	for _, thread := range threads {
		place, _ := os.ReadFile(thread)
		places = append(places, string(place))
	}
	return places
}
