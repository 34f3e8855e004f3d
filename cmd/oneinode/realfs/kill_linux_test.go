package realfs_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// trials is how often TestKill kills: 40, 200 with CI=true, ONEINODE_KILLS.
func trials() int {
	if n, err := strconv.Atoi(os.Getenv("ONEINODE_KILLS")); err == nil {
		return n
	}
	if os.Getenv("CI") == "true" {
		return 200
	}
	if testing.Short() {
		return 10
	}
	return 40
}

// TestKill: kill -9 at random moments loses no path and changes none, at any instant; the
// next run removes what was left and finishes the job.
func TestKill(t *testing.T) {
	t.Parallel()
	killTrials(t, "hard", trials())
}

// killTrials kills n runs. On a slow machine there are fewer, since all tests together have but
// so many minutes.
func killTrials(t *testing.T, link string, n int) {
	began := time.Now()
	random := rand.New(rand.NewPCG(uint64(began.UnixNano()), 1))
	whole := killTrial(t, link, "undisturbed", func(run *running, names *watch) { names.temporary(run.done) })
	begun, left, replacing := 0, 0, max(whole.replacing, time.Millisecond)
	i, asked := 0, os.Getenv("ONEINODE_KILLS") != ""
	for ; i < n && (asked || time.Since(began) < patience); i++ {
		// Two in three wait for the first replacement, where a kill hurts.
		late, span := i%3 != 0, whole.took*11/10
		if late {
			span = replacing
		}
		wait := time.Duration(random.Int64N(int64(span)))
		name := fmt.Sprintf("trial %d: %v, after the first temporary name: %v", i, wait, late)
		r := killTrial(t, link, name, func(run *running, names *watch) {
			if late {
				names.temporary(run.done)
			}
			time.Sleep(wait)
			run.kill(syscall.SIGKILL)
		})
		begun += btoi(r.begun)
		left += btoi(r.left)
		if late && r.over {
			replacing = max(wait, time.Millisecond)
		}
		if t.Failed() {
			t.Fatalf("stopped at %s", name)
		}
	}
	t.Logf("%d of %d trials: %d killed with a part of the job done, %d with a temporary name left", i, n, begun, left)
	if begun == 0 {
		t.Error("no kill came in the middle of the job: the trials show nothing")
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// trial is what one kill met.
type trial struct {
	begun, left     bool          // part of the job was done; a temporary name stayed
	over            bool          // it had ended before
	took, replacing time.Duration // from the start, from the first temporary name, to the end
}

// killTrial runs dedupe on a new tree whose paths are read all the time, disturbs it, and checks
// the tree; then lets another run finish.
func killTrial(t *testing.T, link, name string, disturb func(*running, *watch)) (r trial) {
	t.Helper()
	dir := tempDir(t)
	defer os.RemoveAll(dir)
	makeCopies(t, dir, 12, 25)
	before := Manifest(t, dir)
	oneinode := Oneinode(t)
	names, stop := watchNames(t, dir), reading(t, dir, before)
	start := time.Now()
	run := oneinode.Start(nil, "dedupe", "-q", "--link", link, dir)
	disturb(run, names)
	r.over = run.wait().Code == 0
	stop()
	names.close()
	r.took = time.Since(start)
	if !names.seen.IsZero() {
		r.replacing = r.took - names.seen.Sub(start)
	}

	after := Followed(t, dir)
	checkPaths(t, name, before, after)
	n := scattered(after.settled())
	r.begun, r.left = n > 0 && n < scattered(before), len(Leftovers(after)) > 0

	oneinode.Dedupe(0, "--link", link, dir)
	after = Followed(t, dir)
	checkPaths(t, name+", next run", before, after)
	if left := Leftovers(after); len(left) != 0 {
		t.Errorf("%s: the next run leaves %q", name, left)
	}
	if n := scattered(after); n != 0 {
		t.Errorf("%s: the next run leaves %d inodes that could go", name, n)
	}
	return r
}

// makeCopies makes a tree of dirs directories with perDir files each, five
// contents in all.
func makeCopies(t testing.TB, dir string, dirs, perDir int) {
	t.Helper()
	for d := range dirs {
		sub := filepath.Join(dir, fmt.Sprintf("d%02d", d))
		must(t, os.Mkdir(sub, 0o755))
		for i := range perDir {
			content := fmt.Appendf(nil, "content %d of five", i%5)
			must(t, os.WriteFile(filepath.Join(sub, fmt.Sprintf("f%02d", i)), content, 0o644))
		}
	}
}

// checkPaths is CheckSame for a run that could not end well: its temporary
// names and the directories' mtimes do not count.
func checkPaths(t testing.TB, name string, before, after Tree) {
	t.Helper()
	before, after = before.settled(), after.settled()
	for i, line := range Diff(before, after) {
		if i < 10 {
			t.Errorf("%s: %s", name, line)
		}
	}
}

// settled drops temporary names and the mtimes of directories.
func (tree Tree) settled() Tree {
	rest := Tree{}
	for path, e := range tree {
		if e.Type == unix.S_IFDIR {
			e.Mtime = 0
		}
		rest[path] = e
	}
	for _, path := range Leftovers(tree) {
		delete(rest, path)
	}
	return rest
}

// TestLeftoverKept: what a killed run has left of a file that was changed since is told each night until the user
// has decided which version stays.
func TestLeftoverKept(t *testing.T) {
	t.Parallel()
	needTools(t, "strace")
	dir := tempDir(t)
	keeper, _, _, _ := trio(t, dir)
	oneinode := Oneinode(t)
	oneinode.RunUnder(strace(t, []string{"unlinkat:signal=KILL:when=1"}), "dedupe", "--no-cache", "--threads", "1", dir)
	left := oneLeftover(t, dir)
	f, err := os.OpenFile(keeper, os.O_WRONLY|os.O_APPEND, 0)
	must(t, err)
	_, err = f.WriteString("and more")
	must(t, err)
	must(t, f.Close())
	for range 2 {
		r := oneinode.Run("dedupe", "-q", dir)
		if r.Code != 3 || !strings.Contains(r.Stderr, filepath.Base(left)) || !strings.Contains(r.Stderr, "compare the two") {
			t.Errorf("exit code %d, want 3 and %s to be told\n%s", r.Code, left, r.trouble())
		}
	}
	must(t, os.Remove(filepath.Join(dir, left)))
	if r := oneinode.Run("dedupe", "-q", dir); r.Code != 0 {
		t.Errorf("when it is gone: exit code %d\n%s", r.Code, r.trouble())
	}
}
