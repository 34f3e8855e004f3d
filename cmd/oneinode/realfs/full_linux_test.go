package realfs_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// copies writes n equal files.
func copies(t testing.TB, dir string, n, size int) {
	t.Helper()
	content := []byte(strings.Repeat("0123456789abcdef", size/16+1)[:size])
	for i := range n {
		must(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("copy-%05d", i)), content, 0o644))
	}
}

// fillUp takes the last free byte of the filesystem; remove gives it back.
func fillUp(t testing.TB, dir string) (remove func()) {
	t.Helper()
	path := filepath.Join(dir, "filler")
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	for size := mib; size > 0; size /= 2 {
		for block := make([]byte, size); err == nil; {
			_, err = f.Write(block)
		}
		if !errors.Is(err, unix.ENOSPC) {
			t.Fatal(err)
		}
		err = nil
	}
	f.Sync()
	return func() { must(t, os.Remove(path)) }
}

// fillDirectory uses up the free room in the directory's blocks, so that the
// next name there needs a block that does not exist.
func fillDirectory(t testing.TB, dir, target string) {
	t.Helper()
	for _, length := range []int{60, 30, 10, 1} {
		var err error
		for i := 0; err == nil; i++ {
			name := fmt.Sprintf("%d-%d-%s", length, i, strings.Repeat("x", length))
			err = os.Link(target, filepath.Join(dir, name))
		}
		if !errors.Is(err, unix.ENOSPC) {
			t.Fatal(err)
		}
	}
}

// TestFull: a disk without a free block, with room in the directories or
// without, or without a free inode.
func TestFull(t *testing.T) {
	t.Parallel()
	t.Run("no block", func(t *testing.T) {
		t.Parallel()
		disk := Ext4(t, Disk{Size: 32 * mib})
		tree := newTree(t, disk)
		copies(t, tree, 40, 10_000)
		fillUp(t, disk)
		checkFull(t, tree, 0)
	})
	t.Run("no room for a name", func(t *testing.T) {
		t.Parallel()
		disk := Ext4(t, Disk{Size: 32 * mib})
		tree := newTree(t, disk)
		copies(t, tree, 2, 10_000)
		lone := filepath.Join(disk, "lone")
		must(t, os.WriteFile(lone, []byte("lone"), 0o644))
		remove := fillUp(t, disk)
		fillDirectory(t, tree, lone)
		checkFull(t, tree, 3)
		remove()
		checkFull(t, tree, 0)
	})
	t.Run("no inode", func(t *testing.T) {
		t.Parallel()
		disk := Ext4(t, Disk{Size: 32 * mib, Mkfs: []string{"-N", "128"}})
		tree := newTree(t, disk)
		copies(t, tree, 40, 10_000)
		fillInodes(t, disk)
		checkFull(t, tree, 0)
	})
	t.Run("no inode on tmpfs", func(t *testing.T) {
		t.Parallel()
		// There a link takes one of the counted inodes as well.
		disk := Tmpfs(t, "nr_inodes=100")
		tree := newTree(t, disk)
		copies(t, tree, 40, 10_000)
		fillInodes(t, disk)
		checkFull(t, tree, 3)
	})
	t.Run("no room for the journal", journalWithoutRoom)
	t.Run("no room for the rest of the journal", journalOutgrows)
}

func newTree(t testing.TB, disk string) string {
	t.Helper()
	tree := filepath.Join(disk, "tree")
	must(t, os.Mkdir(tree, 0o755))
	return tree
}

func fillInodes(t testing.TB, disk string) {
	t.Helper()
	for i := range 1000 {
		f, err := os.Create(filepath.Join(disk, fmt.Sprint("filler-", i)))
		if errors.Is(err, unix.ENOSPC) {
			return
		}
		must(t, err)
		f.Close()
	}
	t.Fatal("the filesystem takes every file")
}

// checkFull dedupes a tree and wants everything unchanged; with code 0 also
// everything merged.
func checkFull(t testing.TB, tree string, code int) {
	t.Helper()
	before := Manifest(t, tree)
	Oneinode(t).Dedupe(code, tree)
	after := Manifest(t, tree)
	CheckSame(t, before, after)
	noLeftovers(t, after)
	if n := Unmerged(after, nil); code == 0 && n != 0 {
		t.Errorf("%d inodes could still go", n)
	}
}

// journalWithoutRoom: what cannot be written down is not done.
func journalWithoutRoom(t *testing.T) {
	t.Parallel()
	disk := Ext4(t, Disk{Size: 32 * mib})
	tree := newTree(t, tempDir(t))
	copies(t, tree, 40, 10_000)
	oneinode := Oneinode(t)
	oneinode.State = filepath.Join(disk, "state")
	must(t, os.Mkdir(oneinode.State, 0o755))
	fillUp(t, disk)
	before := Manifest(t, tree)
	r := oneinode.Run("dedupe", tree).want(t, 1)
	if !strings.Contains(r.Stderr, "no space left") {
		t.Errorf("the reason is not told: %s", r.trouble())
	}
	checkIdentical(t, before, Manifest(t, tree))
}

// journalOutgrows: a journal that fills its disk ends the run, and the undo; both say
// what helps, and with room the run is taken back.
func journalOutgrows(t *testing.T) {
	t.Parallel()
	disk, tree, oneinode := Tmpfs(t, "size=100k"), newTree(t, tempDir(t)), Oneinode(t)
	copies(t, tree, 2000, 5000)
	oneinode.State = filepath.Join(disk, "state")
	before := Manifest(t, tree)
	for _, command := range [][]string{{"dedupe", "--no-cache", tree}, {"undo"}} {
		r := oneinode.Run(command...)
		if r.Code != 1 || !strings.Contains(r.Stderr, "cannot continue the journal: ") || !strings.Contains(r.Stderr, "hint: make room there") {
			t.Errorf("%s: exit code %d, want 1 and a hint\n%s", command[0], r.Code, r.trouble())
		}
		fillUp(t, disk)
	}
	CheckSame(t, before, Manifest(t, tree))
	tool(t, "mount", "-o", "remount,size=10m", disk)
	oneinode.Run("undo").want(t, 0)
	if n := Unmerged(Manifest(t, tree), nil); n != Unmerged(before, nil) {
		t.Errorf("%d inodes after the undo", n)
	}
}

// TestLinkLimit: ext4 gives an inode 65,000 links; the next keeper takes over.
func TestLinkLimit(t *testing.T) {
	t.Parallel()
	disk := Ext4(t, Disk{Size: 64 * mib})
	tree := newTree(t, disk)
	copies(t, tree, 30, 5000)
	first := filepath.Join(tree, "copy-00000")
	links := filepath.Join(disk, "links")
	must(t, os.Mkdir(links, 0o755))
	for i := range 64_990 {
		must(t, os.Link(first, filepath.Join(links, fmt.Sprint(i))))
	}
	before := Manifest(t, tree)
	Oneinode(t).Dedupe(0, tree)
	after := Manifest(t, tree)
	CheckSame(t, before, after)
	if n := Unmerged(after, nil); n != 1 {
		t.Errorf("%d inodes beside the full one, want 1", n)
	}
	if e := after["./copy-00000"]; e.Links < 64_999 {
		t.Errorf("the first keeper has %d links: not filled up", e.Links)
	}
	// With head-room below the filesystem's limit.
	tree = newTree(t, tempDir(t))
	copies(t, tree, 30, 5000)
	Oneinode(t).Dedupe(0, "--max-links", "10", tree)
	for path, e := range Manifest(t, tree) {
		if e.Type == unix.S_IFREG && e.Links != 10 {
			t.Errorf("%s has %d links, want 10", path, e.Links)
		}
	}
}

// TestOutputNowhere: that no file can be made where a run is to write one is told before the work,
// not after hours of it.
func TestOutputNowhere(t *testing.T) {
	t.Parallel()
	needRoot(t)
	readOnly, tree := Tmpfs(t, ""), tempDir(t)
	copies(t, tree, 2, 10_000)
	ReadOnly(t, readOnly)
	for dir, oneinode := range map[string]*Program{readOnly: Oneinode(t), tempDir(t): OneinodeOf(t, stranger)} {
		for _, file := range [][]string{{"-o", dir + "/found.json"}, {"--metrics", dir + "/found.prom"}} {
			r := oneinode.Run("dedupe", file[0], file[1], tree).want(t, 1)
			if r.Stdout != "" || !strings.Contains(r.Stderr, "cannot write "+file[1]) || !strings.Contains(r.Stderr, "hint: name a file in a directory that you may write to") {
				t.Errorf("%s\n%s", r.Stdout, r.trouble())
			}
		}
	}
	if Unmerged(Manifest(t, tree), nil) != 1 {
		t.Error("linked before that")
	}
}

// TestAllowedByACL: rights that only an ACL gives count, also where the kernel does not tell those of the
// effective user (before 5.8, and below an old container's filter).
func TestAllowedByACL(t *testing.T) {
	t.Parallel()
	needRoot(t)
	needTools(t, "setfacl")
	tree, out := tempDir(t), tempDir(t)
	copies(t, tree, 2, 10_000)
	oneinode := OneinodeOf(t, stranger)
	for _, dir := range []string{tree, out} {
		tool(t, "setfacl", "-m", fmt.Sprintf("u:%d:rwx", stranger), dir)
	}
	tool(t, "chown", fmt.Sprintf("%d:%[1]d", stranger), filepath.Join(tree, "copy-00000"), filepath.Join(tree, "copy-00001"))
	old := strace(t, []string{"faccessat2:error=ENOSYS"})
	oneinode.RunUnder(old, "dedupe", "-q", "-o", filepath.Join(out, "done.json"), tree).want(t, 0)
	if Unmerged(Manifest(t, tree), nil) != 0 {
		t.Error("not linked")
	}
	oneinode.RunUnder(old, "undo", "-n").want(t, 0)
	oneinode.RunUnder(old, "undo").want(t, 0)
}
