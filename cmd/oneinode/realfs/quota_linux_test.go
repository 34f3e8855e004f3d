package realfs_test

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// limitTo limits what a subvolume of btrfs refers to: to what it has now and so many bytes more, < 0
// is no limit.
func limitTo(t testing.TB, dir string, more int64) {
	t.Helper()
	tool(t, "btrfs", "qgroup", "limit", "none", dir)
	flushed(t, dir)
	if more >= 0 {
		tool(t, "btrfs", "qgroup", "limit", fmt.Sprint(referred(t, dir)+more), dir)
	}
}

// referred is what a subvolume refers to, in bytes.
func referred(t testing.TB, dir string) int64 {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(tool(t, "btrfs", "qgroup", "show", "--raw", "-f", dir)), "\n")
	bytes, err := strconv.ParseInt(strings.Fields(lines[len(lines)-1])[1], 10, 64)
	must(t, err)
	return bytes
}

// TestQuota: a quota that is used up in the middle of a run or of its undo, of which nothing can be
// known before, leaves each path its content, and no temporary name; what failed is told with
// what helps, and the next one does the rest.
func TestQuota(t *testing.T) {
	t.Parallel()
	for _, link := range []string{"hard", "symlink", "reflink"} {
		t.Run(link, func(t *testing.T) {
			t.Parallel()
			disk := Btrfs(t, Disk{Size: 600 * mib})
			tool(t, "btrfs", "quota", "enable", disk)
			dir := filepath.Join(disk, "one")
			tree, oneinode := newTree(t, dir), Oneinode(t)
			makeShareable(t, tree, 8, 20)
			before := Manifest(t, tree)
			check := func(more int64, command ...string) {
				t.Helper()
				limitTo(t, dir, more)
				r := oneinode.Run(command...)
				told := strings.Contains(r.Stderr, "disk quota exceeded (the quota of its owner, group or project is used up")
				if r.Code != 0 && (more < 0 || r.Code != 3 || !told) {
					t.Errorf("%q with room for %d bytes: exit code %d\n%s", command, more, r.Code, r.trouble())
				}
				CheckContent(t, before, Followed(t, tree))
				if left := Leftovers(Manifest(t, tree)); len(left) != 0 {
					t.Errorf("%q left behind: %q", command, left)
				}
			}
			check(100_000, "dedupe", "--link", link, tree)
			check(-1, "dedupe", "--link", link, tree)
			check(600_000, "undo")
			check(-1, "undo")
			oneinode.Run("undo") // of the first run, if that has linked anything
			checkUndone(t, before, Manifest(t, tree))
		})
	}
}
