package realfs_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// alike makes files of equal content, more than would fit among the metadata, and
// has them on disk.
func alike(t testing.TB, dir string, names ...string) {
	t.Helper()
	content := make([]byte, 300_001)
	for i := range content {
		content[i] = byte(i * i >> 5)
	}
	for _, name := range names {
		path := filepath.Join(dir, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, content, 0o644))
	}
	flushed(t, dir)
}

// TestSharedReasons: a file that cannot come to share is told with its reason,
// the others share, and that is no failure.
func TestSharedReasons(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		disk   func(t testing.TB) string
		spoil  func(t testing.TB, path string)
		reason string
	}{
		"immutable on btrfs": {reflinking["btrfs"], makeImmutable, "immutable"},
		"immutable on xfs":   {reflinking["xfs"], makeImmutable, "immutable"},
		"no copy-on-write":   {reflinking["btrfs"], makeNoCow, "copy-on-write"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(c.disk(t), "tree")
			alike(t, dir, "a", "b", "c")
			c.spoil(t, filepath.Join(dir, "c"))
			r := Oneinode(t).Run("dedupe", "-v", "--link", "reflink", dir)
			if r.Code != 0 || !strings.Contains(r.Stdout, c.reason) {
				t.Errorf("exit code %d, no word of %q\n%s%s", r.Code, c.reason, r.Stdout, r.trouble())
			}
			if !strings.Contains(r.Stdout, "shared       1 file ·") {
				t.Errorf("not one file came to share:\n%s", r.Stdout)
			}
		})
	}
}

func makeImmutable(t testing.TB, path string) {
	tool(t, "chattr", "+i", path)
	t.Cleanup(func() { tool(t, "chattr", "-i", path) })
}

// makeNoCow writes the file anew: the flag is for empty ones.
func makeNoCow(t testing.TB, path string) {
	content, err := os.ReadFile(path)
	must(t, err)
	must(t, os.Truncate(path, 0))
	tool(t, "chattr", "+C", path)
	must(t, os.WriteFile(path, content, 0o644))
	flushed(t, filepath.Dir(path))
}

// TestSharedByOwner: who owns the copies needs no more rights; those of others are
// told as failed.
func TestSharedByOwner(t *testing.T) {
	t.Parallel()
	eachReflinking(t, func(t *testing.T, disk string) {
		dir := filepath.Join(disk, "tree")
		alike(t, dir, "a", "b", "c")
		must(t, os.Chown(filepath.Join(dir, "a"), 4321, 4321))
		must(t, os.Chown(filepath.Join(dir, "b"), 4321, 4321))
		must(t, os.Chmod(filepath.Join(dir, "b"), 0o444))
		oneinode := OneinodeOf(t, 4321)
		before := Manifest(t, dir)
		if s := oneinode.Dedupe(3, "--link", "reflink", dir); s.Linked != 1 || s.Failed != 1 {
			t.Errorf("%+v", s)
		}
		checkIdentical(t, before, Manifest(t, dir))
	})
}

// TestSplitBlocks: a file that shares blocks is a copy of its own already; with
// --blocks it has its own, in place, and so does a copy that is made.
func TestSplitBlocks(t *testing.T) {
	t.Parallel()
	eachReflinking(t, func(t *testing.T, disk string) {
		dir := filepath.Join(disk, "tree")
		alike(t, dir, "a", "b", "c")
		oneinode := Oneinode(t)
		oneinode.Dedupe(0, "--link", "reflink", dir)
		before, free := Manifest(t, dir), settledFree(t, dir)
		if r := oneinode.Run("split", filepath.Join(dir, "b")); r.Code != 0 || !strings.Contains(r.Stdout, "nothing to separate") {
			t.Errorf("split: exit code %d\n%s%s", r.Code, r.Stdout, r.trouble())
		}
		oneinode.Run("split", "--blocks", filepath.Join(dir, "b")).want(t, 0)
		checkUndone(t, before, Manifest(t, dir))
		if used := free - settledFree(t, dir); used < 290_000 {
			t.Errorf("only %d bytes were used", used)
		}
		if s := oneinode.Dedupe(0, "--link", "reflink", "--dry-run", dir); s.ReclaimableBytes < 300_000 {
			t.Errorf("it shares its blocks still: %+v", s)
		}
	})
}

// TestSplitBlocksOfLinks: so has a copy of what was a hard or a symbolic link.
func TestSplitBlocksOfLinks(t *testing.T) {
	t.Parallel()
	for name, disk := range reflinking {
		for _, link := range []string{"hard", "symlink"} {
			t.Run(name+" "+link, func(t *testing.T) {
				t.Parallel()
				dir := filepath.Join(disk(t), "tree")
				alike(t, dir, "a", "b")
				a, b, then := filepath.Join(dir, "a"), filepath.Join(dir, "b"), time.Now().Add(-time.Hour)
				must(t, errors.Join(os.Chtimes(a, then, then), os.Chtimes(b, then, then)))
				before := Manifest(t, dir)
				oneinode := Oneinode(t)
				oneinode.Dedupe(0, "--link", link, dir)
				oneinode.Run("split", "--blocks", a, b).want(t, 0)
				checkUndone(t, before, Manifest(t, dir))
				if s := oneinode.Dedupe(0, "--link", "reflink", "--dry-run", dir); s.ReclaimableBytes < 300_000 {
					t.Errorf("it shares the other one's blocks: %+v", s)
				}
			})
		}
	}
}

// TestSplitBlocksInMemory: a tmpfs cannot tell where files lie, and has none that share blocks.
func TestSplitBlocksInMemory(t *testing.T) {
	t.Parallel()
	dir := newTree(t, leaseFilesystems["tmpfs"](t))
	alike(t, dir, "a", "b")
	must(t, os.WriteFile(filepath.Join(dir, "own"), []byte("of no other content"), 0o644))
	oneinode := Oneinode(t)
	oneinode.Dedupe(0, dir)
	if r := oneinode.Run("split", "-r", "--blocks", dir).want(t, 0); !strings.Contains(r.Stdout, "1 path with a copy") {
		t.Errorf("%s%s", r.Stdout, r.trouble())
	}
}

// TestSplitBlocksOfNames: of a file with several names that shares blocks, too, each path that is
// given has its own in the end, the one that keeps the file as well.
func TestSplitBlocksOfNames(t *testing.T) {
	t.Parallel()
	eachReflinking(t, func(t *testing.T, disk string) {
		for _, given := range [][]string{{"a"}, {"a", "a2"}} {
			dir := filepath.Join(disk, strings.Join(given, " and "))
			alike(t, dir, "a", "b")
			oneinode := Oneinode(t)
			oneinode.Dedupe(0, "--link", "reflink", dir)
			must(t, os.Link(filepath.Join(dir, "a"), filepath.Join(dir, "a2")))
			args := []string{"split", "--blocks"}
			for _, name := range given {
				args = append(args, filepath.Join(dir, name))
			}
			free := settledFree(t, dir)
			r := oneinode.Run(args...).want(t, 0)
			if copies := fmt.Sprintf("%d path", len(given)); !strings.Contains(r.Stdout, copies) {
				t.Errorf("no word of %s:\n%s%s", copies, r.Stdout, r.trouble())
			}
			if used := free - settledFree(t, dir); used < 290_000*int64(len(given)) {
				t.Errorf("%s: only %d bytes were used", given, used)
			}
		}
	})
}

// TestSharedFromSaved: a saved scan is carried out with the link that it was made for.
func TestSharedFromSaved(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(Btrfs(t, Disk{}), "tree")
	alike(t, dir, "a", "b", "c")
	oneinode, saved := Oneinode(t), filepath.Join(tempDir(t), "found.json")
	oneinode.Run("scan", "-q", "--link", "reflink", "-o", saved, dir).want(t, 0)
	before := Manifest(t, dir)
	if s := oneinode.Dedupe(0, "--from", saved); s.Linked != 2 {
		t.Errorf("%+v", s)
	}
	checkIdentical(t, before, Manifest(t, dir))
}

// TestCapabilities: a scan tells what each filesystem can, and tries nothing out.
func TestCapabilities(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		disk     func(t testing.TB) string
		reflinks bool
		limit    int64
	}{
		"ext4":      {leaseFilesystems["ext4"], false, 65000},
		"btrfs":     {reflinking["btrfs"], true, 65535}, // with subvolumes
		"xfs":       {reflinking["xfs"], true, 1<<31 - 1},
		"old xfs":   {func(t testing.TB) string { return XFS(t, Disk{Mkfs: []string{"-m", "reflink=0"}}) }, false, 1<<31 - 1},
		"tmpfs":     {leaseFilesystems["tmpfs"], false, 0},
		"one file":  {func(t testing.TB) string { return filepath.Join(Btrfs(t, Disk{}), "one") }, true, 65535},
		"read-only": {func(t testing.TB) string { d := Btrfs(t, Disk{}); ReadOnly(t, d); return d }, true, 65535},
		"overlayfs": {leaseFilesystems["overlay"], false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := c.disk(t)
			if name == "one file" {
				alike(t, dir, "a")
				dir = filepath.Join(dir, "a")
			}
			var doc struct {
				Filesystems []struct {
					Can struct {
						HardLinks                  bool  `json:"hard_links"`
						LinkLimit                  int64 `json:"link_limit"`
						Reflinks, Leases, Exchange bool
					}
				}
			}
			r := Oneinode(t).Run("scan", "--format", "json", dir)
			must(t, json.Unmarshal([]byte(r.Stdout), &doc))
			can := doc.Filesystems[0].Can
			if !can.HardLinks || can.LinkLimit != c.limit || can.Reflinks != c.reflinks || !can.Leases || !can.Exchange {
				t.Errorf("%+v", can)
			}
		})
	}
}

// TestUnshareMany: xfs takes much more room for each small file at first than it
// needs in the end; an undo that has room for the end is not stopped by that.
func TestUnshareMany(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(XFS(t, Disk{Mkfs: []string{"-m", "reflink=1"}}), "tree")
	must(t, os.Mkdir(dir, 0o755))
	const pairs = 3000 // 128 KiB for each would not fit
	for i := range pairs {
		for _, name := range []string{"a", "b"} {
			content := []byte(strings.Repeat(fmt.Sprintf("file %07d ", i), 400))
			must(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%04d%s", i, name)), content, 0o644))
		}
	}
	before, oneinode := Manifest(t, dir), Oneinode(t)
	if s := oneinode.Dedupe(0, "--link", "reflink", dir); s.Linked != pairs {
		t.Fatalf("%+v", s)
	}
	oneinode.Run("undo").want(t, 0)
	checkUndone(t, before, Manifest(t, dir))
}
