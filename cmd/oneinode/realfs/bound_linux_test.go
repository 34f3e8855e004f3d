package realfs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBound: what cannot be linked is known before the run, with its reason: the dry run
// says what the run does, and a limit is no failure.
func TestBound(t *testing.T) {
	t.Parallel()
	flag := func(flag, name string) func(t testing.TB, dir string) {
		return func(t testing.TB, dir string) {
			tool(t, "chattr", "+"+flag, filepath.Join(dir, name))
			t.Cleanup(func() { tool(t, "chattr", "-"+flag, filepath.Join(dir, name)) })
		}
	}
	for name, c := range map[string]struct {
		bind   func(t testing.TB, dir string)
		reason string
		linked int64
	}{
		"immutable file":        {flag("i", "b/2"), "immutable or append-only", 3},
		"immutable best":        {flag("i", "a/1"), "immutable or append-only", 3},
		"append-only file":      {flag("a", "b/2"), "immutable or append-only", 3},
		"immutable directory":   {flag("i", "b"), "in a directory that is immutable", 2},
		"append-only directory": {flag("a", "b"), "in a directory that is immutable", 2},
		"far times":             {farTimes, "beyond 1678 to 2262", 3},
		"read-only mount":       {readOnlyMount, "read-only filesystem", 2},
		"file in it":            {flag("i", "b"), "in a directory that is immutable", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := newTree(t, Ext4(t, Disk{Mkfs: []string{"-I", "256"}}))
			alike(t, dir, "a/1", "a/2", "a/3", "b/1", "b/2")
			c.bind(t, dir)
			paths := []string{dir}
			if name == "file in it" { // PATHs that are files
				paths = []string{dir + "/a/1", dir + "/a/2", dir + "/a/3", dir + "/b/1", dir + "/b/2"}
			}
			checkBound(t, paths, c.reason, c.linked)
		})
	}
}

func farTimes(t testing.TB, dir string) {
	tool(t, "touch", "-d", "2378-01-01", filepath.Join(dir, "b/2"))
}

func readOnlyMount(t testing.TB, dir string) {
	Bind(t, filepath.Join(dir, "b"), filepath.Join(dir, "b"))
	tool(t, "mount", "-o", "remount,bind,ro", filepath.Join(dir, "b"))
}

// TestNextLinks: a scan or a dry run names a dedupe as the next step only where that could link something.
func TestNextLinks(t *testing.T) {
	t.Parallel()
	dir := newTree(t, Ext4(t, Disk{}))
	alike(t, dir, "a/1", "a/2", "b/1", "b/2")
	next := func(oneinode *Program, want bool, path string) {
		t.Helper()
		for _, words := range [][]string{{"scan"}, {"dedupe", "-n"}} {
			page := filepath.Join(tempDir(t), "found.html")
			r := oneinode.Run(append(words, "-o", page, path)...)
			told, err := os.ReadFile(page)
			must(t, err)
			if r.Code != 0 || strings.Contains(r.Stdout, "next: oneinode dedupe") != want || strings.Contains(string(told), `"next":`) != want {
				t.Errorf("%s %s: a next step is wanted: %v\n%s%s", words, path, want, r.Stdout, r.Stderr)
			}
		}
	}
	oneinode := Oneinode(t)
	next(oneinode, true, dir)
	readOnlyMount(t, dir)
	next(oneinode, true, dir)
	next(oneinode, false, dir+"/b")
}

// TestBoundSnapshot: in a read-only snapshot nothing is linked, though the mount is not
// read-only.
func TestBoundSnapshot(t *testing.T) {
	t.Parallel()
	disk := Btrfs(t, Disk{})
	alike(t, disk, "one/1", "one/2", "one/3")
	tool(t, "btrfs", "subvolume", "create", filepath.Join(disk, "volume"))
	alike(t, disk, "volume/1", "volume/2")
	tool(t, "btrfs", "subvolume", "snapshot", "-r", filepath.Join(disk, "volume"), filepath.Join(disk, "snap"))
	must(t, os.Remove(filepath.Join(disk, "volume/2")))
	checkBound(t, []string{disk}, "read-only filesystem", 2)
}

func checkBound(t *testing.T, paths []string, reason string, linked int64) {
	t.Helper()
	oneinode := Oneinode(t)
	plan := oneinode.Dedupe(0, append([]string{"--dry-run"}, paths...)...)
	r := oneinode.Run(append([]string{"dedupe", "--dry-run"}, paths...)...)
	if !strings.Contains(r.Stdout, reason) || !strings.Contains(r.Stdout, "\nlimits ") {
		t.Errorf("no word of %q\n%s", reason, r.Stdout)
	}
	done := oneinode.Dedupe(0, paths...)
	if done.Linked != linked || done.Skipped > plan.Skipped || done.FreedBytes != plan.ReclaimableBytes {
		t.Errorf("%d linked, want %d\nplanned %+v\n   done %+v", done.Linked, linked, plan, done)
	}
}

// TestBoundNoFollow: where nobody can follow a symbolic link, a dry run promises none.
func TestBoundNoFollow(t *testing.T) {
	t.Parallel()
	dir := newTree(t, Ext4(t, Disk{Mount: "nosymfollow"}))
	alike(t, dir, "a/1", "b/1")
	p := Oneinode(t)
	for _, args := range [][]string{{"-n"}, {}} {
		if s := p.Dedupe(0, append(args, "--link", "symlink", dir)...); s.ReclaimableBytes != 0 || s.Linked != 0 || s.Skipped != 0 {
			t.Errorf("%q: %+v", args, s)
		}
	}
}
