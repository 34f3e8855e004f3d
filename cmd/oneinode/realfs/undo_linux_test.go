package realfs_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestUndo: a run that is taken back leaves every path as it was: content,
// owner, mode, times, attributes, and which names share an inode.
func TestUndo(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"plain", "ext4", "xfs", "btrfs", "subvolumes", "tmpfs", "overlay", "nested mount"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := places[name](t)
			before, oneinode := Manifest(t, p.dir), Oneinode(t)
			if oneinode.Dedupe(0, p.dir).Linked == 0 {
				t.Fatal("nothing was linked")
			}
			linked := Manifest(t, p.dir)
			dry := oneinode.Run("undo", "-n")
			checkIdentical(t, linked, Manifest(t, p.dir))
			r := oneinode.Run("undo")
			if r.Code != 0 {
				t.Fatalf("undo: exit code %d\n%s%s", r.Code, r.Stdout, r.trouble())
			}
			if a, b := restored(dry), restored(r); dry.Code != 0 || a != b {
				t.Errorf("undo -n: exit code %d\n%s%sundo:\n%s", dry.Code, dry.Stdout, dry.trouble(), r.Stdout)
			}
			checkUndone(t, before, Manifest(t, p.dir))
			// And the job can be done once more.
			oneinode.Dedupe(0, p.dir)
			p.checkMerged(t, Manifest(t, p.dir))
		})
	}
}

// restored tells how many paths an undo has, or would have, taken back.
func restored(r Result) string {
	for line := range strings.Lines(r.Stdout) {
		if strings.Contains(line, " own again") {
			return strings.Fields(line)[0]
		}
	}
	return "none"
}

// checkUndone is checkSplit, and the names that shared an inode share one again.
func checkUndone(t testing.TB, before, after Tree) {
	t.Helper()
	checkSplit(t, before, after)
	if a, b := linkSets(before), linkSets(after); !slices.Equal(a, b) {
		t.Errorf("other names share an inode: %d sets, were %d", len(b), len(a))
	}
}

// linkSets tells which paths share an inode, as sorted text.
func linkSets(tree Tree) []string {
	sets := map[string][]string{}
	for path, e := range tree {
		if e.Type == unix.S_IFREG {
			id := fmt.Sprint(e.Dev, e.Inode)
			sets[id] = append(sets[id], path)
		}
	}
	var all []string
	for _, paths := range sets {
		slices.Sort(paths)
		all = append(all, fmt.Sprintf("%q", paths))
	}
	slices.Sort(all)
	return all
}

// TestUndoOfChanged: what was changed since the run keeps its new content.
func TestUndoOfChanged(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	makeCopies(t, dir, 2, 10)
	oneinode := Oneinode(t)
	oneinode.Dedupe(0, dir)
	changed := filepath.Join(dir, "d00", "f03")
	must(t, os.Remove(changed))
	must(t, os.WriteFile(changed, []byte("new"), 0o644))
	before := Manifest(t, dir)
	r := oneinode.Run("undo")
	if r.Code != 0 && r.Code != 3 {
		t.Errorf("exit code %d\n%s", r.Code, r.trouble())
	}
	after := Manifest(t, dir)
	checkPaths(t, "undo", before, after)
	if e := after["./d00/f03"]; e != before["./d00/f03"] {
		t.Errorf("the changed file was touched: %+v", e)
	}
}

// TestUndoKilled: an undo that is killed loses nothing, and a second one finishes.
func TestUndoKilled(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 2))
	for i := range max(trials()/4, 5) {
		dir := tempDir(t)
		makeCopies(t, dir, 6, 20)
		before, oneinode := Manifest(t, dir), Oneinode(t)
		oneinode.Dedupe(0, dir)
		names := watchNames(t, dir)
		run := oneinode.Start(nil, "undo", "-q")
		names.temporary(run.done)
		wait := time.Duration(random.Int64N(int64(20 * time.Millisecond)))
		time.Sleep(wait)
		run.kill(syscall.SIGKILL)
		run.wait()
		names.close()
		name := fmt.Sprintf("trial %d: %v after the first temporary name", i, wait)
		checkPaths(t, name, before, Manifest(t, dir))
		undone := slices.Equal(linkSets(before), linkSets(Manifest(t, dir).settled()))
		if r := oneinode.Run("undo"); r.Code != 0 && !undone {
			t.Errorf("%s: next undo: exit code %d\n%s", name, r.Code, r.trouble())
		}
		after := Manifest(t, dir)
		checkPaths(t, name+", next undo", before, after)
		if left := Leftovers(after); len(left) != 0 {
			t.Errorf("%s: next undo leaves %q", name, left)
		}
		if a, b := linkSets(before), linkSets(after.settled()); !slices.Equal(a, b) {
			t.Errorf("%s: next undo leaves %d inodes, there were %d", name, len(b), len(a))
		}
		os.RemoveAll(dir)
		if t.Failed() {
			return
		}
	}
}

// TestUndoWithoutRoom: copies need room; without it nothing is lost.
func TestUndoWithoutRoom(t *testing.T) {
	t.Parallel()
	disk := Ext4(t, Disk{Size: 32 * mib})
	tree := newTree(t, disk)
	copies(t, tree, 30, 200_000)
	oneinode := Oneinode(t)
	oneinode.Dedupe(0, tree)
	remove := fillUp(t, disk)
	before := Manifest(t, tree)
	r := oneinode.Run("undo")
	if r.Code != 1 && r.Code != 3 {
		t.Errorf("exit code %d, want 1 or 3\n%s", r.Code, r.trouble())
	}
	if !strings.Contains(r.Stderr, tree) {
		t.Errorf("where room is missing is not told: %s", r.Stderr)
	}
	after := Manifest(t, tree)
	CheckSame(t, before, after)
	if left := Leftovers(after); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
	remove()
	if r := oneinode.Run("undo"); r.Code != 0 {
		t.Errorf("with room again: exit code %d\n%s", r.Code, r.trouble())
	}
	if n := Unmerged(Manifest(t, tree), nil); n != 29 {
		t.Errorf("%d copies beside the first, want 29", n)
	}
}

// TestUndoOverQuota: a quota that ends in the middle of an undo is told as what it is, costs
// no byte, and the rest comes back once there is room.
func TestUndoOverQuota(t *testing.T) {
	t.Parallel()
	disk := Btrfs(t, Disk{})
	tool(t, "btrfs", "quota", "enable", disk)
	group := "0/" + strings.TrimSpace(tool(t, "btrfs", "inspect-internal", "rootid", filepath.Join(disk, "one")))
	tree := newTree(t, filepath.Join(disk, "one"))
	copies(t, tree, 30, 300_000)
	before := Manifest(t, tree)
	oneinode := Oneinode(t)
	oneinode.Dedupe(0, "--link", "reflink", tree)
	flushed(t, disk)
	tool(t, "btrfs", "qgroup", "limit", "4M", group, disk)
	r := oneinode.Run("undo")
	if r.Code != 3 || !strings.Contains(r.Stderr, "no space for a temporary name or a copy: disk quota exceeded") {
		t.Errorf("exit code %d\n%s%s", r.Code, r.Stdout, r.trouble())
	}
	checkUndone(t, before, Manifest(t, tree))
	tool(t, "btrfs", "qgroup", "limit", "none", group, disk)
	if r := oneinode.Run("undo"); r.Code != 0 {
		t.Errorf("with room again: exit code %d\n%s%s", r.Code, r.Stdout, r.trouble())
	}
	checkUndone(t, before, Manifest(t, tree))
}
