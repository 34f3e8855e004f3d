package realfs_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

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
			r := oneinode.Run("undo").want(t, 0)
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

// TestUndoWithoutRoom: copies need room; without it nothing is changed, and the figures are told.
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
	if r.Code != 1 || !strings.Contains(r.Stderr, "5.") || !strings.Contains(r.Stderr, "need") || !strings.Contains(r.Stderr, tree) {
		t.Errorf("exit code %d, want 1, the bytes that are needed, and where\n%s%s", r.Code, r.Stdout, r.trouble())
	}
	checkIdentical(t, before, Manifest(t, tree))
	remove()
	oneinode.Run("undo").want(t, 0)
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
	oneinode.Run("undo").want(t, 0)
	checkUndone(t, before, Manifest(t, tree))
}
