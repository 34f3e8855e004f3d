package realfs_test

import (
	"bytes"
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

// TestUndoLeavesAlone: what the user did to a path since the run stays, and is told.
func TestUndoLeavesAlone(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	makeCopies(t, dir, 2, 30)
	oneinode := Oneinode(t)
	oneinode.Dedupe(0, dir)
	file := func(i int) string { return filepath.Join(dir, "d01", fmt.Sprintf("f%02d", i)) }
	must(t, os.Remove(file(1)))
	must(t, os.Rename(file(2), filepath.Join(dir, "moved")))
	must(t, os.WriteFile(file(3)+"~", []byte("replaced"), 0o600))
	must(t, os.Rename(file(3)+"~", file(3)))
	must(t, os.Remove(file(4)))
	must(t, os.Symlink("/etc/passwd", file(4)))
	must(t, os.Remove(file(5)))
	must(t, unix.Mkfifo(file(5), 0o600))
	for i := range 5 { // names of the kept ones
		kept := filepath.Join(dir, "d00", fmt.Sprintf("f%02d", i))
		must(t, os.Remove(kept))
		must(t, os.WriteFile(kept, fmt.Appendf(nil, "new %d", i), 0o644))
	}
	before := Manifest(t, dir)
	r := oneinode.Run("undo", "-v").want(t, 0)
	after := Manifest(t, dir)
	checkPaths(t, "undo", before, after)
	for i := range 5 {
		for _, rel := range []string{fmt.Sprintf("./d00/f%02d", i), fmt.Sprintf("./d01/f%02d", i+1)} {
			if before[rel] != after[rel] {
				t.Errorf("%s was touched: %+v, now %+v", rel, before[rel], after[rel])
			}
		}
		if !strings.Contains(r.Stderr, file(i+1)) {
			t.Errorf("undo does not tell of %s:\n%s", file(i+1), r.trouble())
		}
	}
}

// TestUndoOfEdited: a file that somebody wrote to through one of its names stays
// as it is under all of them: nobody knows what the others should hold.
func TestUndoOfEdited(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	makeCopies(t, dir, 1, 20)
	oneinode := Oneinode(t)
	oneinode.Dedupe(0, dir)
	r := oneinode.Run("verify")
	if r.Code != 0 || !strings.Contains(r.Stdout, "5 sets as they were linked") {
		t.Errorf("verify: exit code %d\n%s%s", r.Code, r.Stdout, r.trouble())
	}
	f, err := os.OpenFile(filepath.Join(dir, "d00", "f13"), os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteAt([]byte("CONTENT"), 0)
	must(t, err)
	must(t, f.Close())
	r = oneinode.Run("verify").want(t, 3)
	for i := range 20 {
		shares := i%5 == 3
		if path := filepath.Join(dir, "d00", fmt.Sprintf("f%02d", i)); strings.Contains(r.Stdout, path) != shares {
			t.Errorf("verify on %s, which shares the edited file: %v\n%s", path, shares, r.Stdout)
		}
	}
	before := Manifest(t, dir)
	if r := oneinode.Run("undo", "-v"); r.Code != 0 && r.Code != 3 {
		t.Errorf("undo: exit code %d\n%s", r.Code, r.trouble())
	}
	after := Manifest(t, dir)
	CheckSame(t, before, after)
	for i := range 20 {
		rel := fmt.Sprintf("./d00/f%02d", i)
		if i%5 == 3 && after[rel].Inode != before[rel].Inode {
			t.Errorf("%s was separated from its edited content", rel)
		}
	}
}

// TestUndoWhereRoomIsScarce: an edited file gets no copy, so it takes no room either, and
// undo does what -n tells.
func TestUndoWhereRoomIsScarce(t *testing.T) {
	t.Parallel()
	disk := Ext4(t, Disk{Size: 64 * mib, Mkfs: []string{"-m", "0"}})
	tree := newTree(t, disk)
	for i := range 8 {
		for j := range 2 {
			must(t, os.WriteFile(filepath.Join(tree, fmt.Sprint(i, "-", j)), bytes.Repeat([]byte{byte(i)}, 2*mib), 0o600))
		}
	}
	oneinode := Oneinode(t)
	oneinode.Dedupe(0, tree)
	for i := range 7 {
		f, err := os.OpenFile(filepath.Join(tree, fmt.Sprint(i, "-0")), os.O_WRONLY, 0)
		must(t, err)
		_, err = f.WriteAt([]byte("edited"), 0)
		must(t, err)
		must(t, f.Close())
	}
	filler := make([]byte, FreeBytes(t, disk)-15*mib/4) // ext4 keeps 1.3 MiB for itself
	must(t, os.WriteFile(filepath.Join(disk, "filler"), filler, 0o600))
	dry, r := oneinode.Run("undo", "-n"), oneinode.Run("undo")
	for _, r := range []Result{dry, r} {
		if r.Code != 3 || !strings.Contains(r.Stdout, "1 path ") || !strings.Contains(r.Stdout, "7 left alone") || strings.Contains(r.Stderr, "no space") {
			t.Errorf("exit code %d\n%s%s", r.Code, r.Stdout, r.trouble())
		}
	}
}

// TestUndoWhereRoomIsUntold: filesystems without a limit say that they have no room at all, and a
// tmpfs with huge pages that small files take more than their copies need.
func TestUndoWhereRoomIsUntold(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for name, disk := range map[string]string{
		"ramfs":      mount(t, "ramfs", "oneinode", "mode=0755"),
		"no limit":   Tmpfs(t, "size=0"),
		"huge pages": Tmpfs(t, "huge=always"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tree := newTree(t, disk)
			copies(t, tree, 100, 5000)
			before := Manifest(t, tree)
			oneinode := Oneinode(t)
			oneinode.Dedupe(0, tree)
			oneinode.Run("undo").want(t, 0)
			checkUndone(t, before, Manifest(t, tree))
		})
	}
}

// TestUndoDryWhereNothingGoes: -n tells of files that the kernel does not let go of, and of
// a filesystem that became read-only, as undo does.
func TestUndoDryWhereNothingGoes(t *testing.T) {
	t.Parallel()
	needTools(t, "chattr")
	disk := Ext4(t, Disk{})
	tree := newTree(t, disk)
	for _, base := range []string{"a0", "a1", "b0", "b1"} {
		must(t, os.WriteFile(filepath.Join(tree, base), bytes.Repeat([]byte(base[:1]), mib), 0o600))
	}
	oneinode := Oneinode(t)
	oneinode.Dedupe(0, tree)
	same := func(told string) {
		t.Helper()
		for _, args := range [][]string{{"undo", "-n"}, {"undo"}} {
			r := oneinode.Run(args...)
			if r.Code != 3 || !strings.Contains(r.Stdout, told) {
				t.Errorf("%q: exit code %d, want %q\n%s%s", args, r.Code, told, r.Stdout, r.trouble())
			}
		}
	}
	tool(t, "chattr", "+i", filepath.Join(tree, "a0"))
	t.Cleanup(func() { tool(t, "chattr", "-i", filepath.Join(tree, "a0")) })
	must(t, os.WriteFile(filepath.Join(tree, "b0"), []byte("edited"), 0o600))
	same("2 left alone · 0 ")
	must(t, os.WriteFile(filepath.Join(tree, "b0"), bytes.Repeat([]byte("b"), mib), 0o600))
	ReadOnly(t, disk)
	same("0 left alone · 2 ")
}

// TestUndoInFixedDirectory: a directory that lets no name go keeps what it has, and gets no
// temporary names. An append-only one would take them.
func TestUndoInFixedDirectory(t *testing.T) {
	t.Parallel()
	needTools(t, "chattr")
	for _, flag := range []string{"i", "a"} {
		t.Run(flag, func(t *testing.T) {
			t.Parallel()
			tree := newTree(t, Ext4(t, Disk{}))
			alike(t, tree, "a0", "a1", "a2")
			oneinode := Oneinode(t)
			oneinode.Dedupe(0, tree)
			before := Manifest(t, tree)
			tool(t, "chattr", "+"+flag, tree)
			t.Cleanup(func() { tool(t, "chattr", "-"+flag, tree) })
			for _, args := range [][]string{{"undo", "-n"}, {"undo"}} {
				r := oneinode.Run(args...)
				if r.Code != 3 || !strings.Contains(r.Stdout, "2 left alone · 0 ") || !strings.Contains(r.trouble(), "immutable") {
					t.Errorf("%q: exit code %d\n%s%s", args, r.Code, r.Stdout, r.trouble())
				}
			}
			checkIdentical(t, before, Manifest(t, tree))
		})
	}
}

// TestUndoWithoutRights: a user who may not give files away is told, and
// nothing is half done. Root does not believe that user's journal as long as it is theirs.
func TestUndoWithoutRights(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := tempDir(t)
	makeCopies(t, dir, 2, 10)
	must(t, os.Chown(filepath.Join(dir, "d01", "f01"), 1, 1))
	oneinode := Oneinode(t)
	oneinode.Dedupe(0, "--match", "none", dir)
	tool(t, "chown", "-R", fmt.Sprint(stranger), oneinode.State)
	oneinode.As = &syscall.Credential{Uid: stranger, Gid: stranger}
	before := Manifest(t, dir)
	r := oneinode.Run("undo")
	if r.Code != 3 && r.Code != 1 {
		t.Errorf("exit code %d, want 1 or 3\n%s%s", r.Code, r.Stdout, r.trouble())
	}
	checkIdentical(t, before, Manifest(t, dir))
	oneinode.As = nil
	if r := oneinode.Run("undo"); r.Code != 1 || !strings.Contains(r.trouble(), "another user") {
		t.Errorf("as root, by the journal of another user: exit code %d, want 1\n%s", r.Code, r.trouble())
	}
	tool(t, "chown", "-R", "0", oneinode.State)
	oneinode.Run("undo").want(t, 0)
	if e := Manifest(t, dir)["./d01/f01"]; e.UID != 1 || e.GID != 1 {
		t.Errorf("owner %d:%d, want 1:1", e.UID, e.GID)
	}
}

// TestUndoForetellsRights: -n knows to which files this user can give no copy: of a group that he is not
// in, unless their directory hands that on, and of others in a sticky directory of somebody else.
func TestUndoForetellsRights(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := newTree(t, Ext4(t, Disk{}))
	oneinode := OneinodeOf(t, stranger)
	for name, as := range map[string]struct {
		uid, gid int
		mode     uint32
	}{"own": {stranger, stranger, 0o755}, "group": {stranger, 7, 0o755}, "handed": {stranger, 7, 0o2755}} {
		for _, base := range []string{"a", "b"} {
			path := filepath.Join(dir, name, base)
			must(t, os.MkdirAll(filepath.Dir(path), 0o755))
			must(t, os.WriteFile(path, bytes.Repeat([]byte(name), 1000), 0o600))
			must(t, os.Chown(path, as.uid, as.gid))
		}
		must(t, os.Chown(filepath.Join(dir, name), as.uid, as.gid))
		must(t, unix.Chmod(filepath.Join(dir, name), as.mode))
	}
	oneinode.Dedupe(0, dir)
	sticky := filepath.Join(dir, "own")
	must(t, os.Chown(sticky, 7, 7))
	must(t, unix.Chmod(sticky, 0o1777))
	must(t, os.Chown(filepath.Join(sticky, "a"), 8, stranger))
	must(t, os.Chmod(filepath.Join(sticky, "a"), 0o666))
	for _, args := range [][]string{{"undo", "-n"}, {"undo"}} {
		r := oneinode.Run(args...).want(t, 3)
		if !strings.Contains(r.Stdout, "\n1 path w") || !strings.Contains(r.Stdout, "0 left alone · 2 ") ||
			!strings.Contains(r.Stderr, "group/b: this user may not give a copy its owner") || !strings.Contains(r.Stderr, "own/b: ") {
			t.Errorf("%q:\n%s%s", args, r.Stdout, r.Stderr)
		}
	}
}

// TestUndoMetadata: set-id bits, capabilities, ACLs, attributes and holes come back.
func TestUndoMetadata(t *testing.T) {
	t.Parallel()
	needTools(t, "setfacl")
	for _, name := range []string{"ext4", "xfs", "btrfs"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := newTree(t, leaseFilesystems[name](t))
			tool(t, "setfacl", "-d", "-m", "u:7:rwx", dir) // inherited by every new file
			content := append(make([]byte, 3*mib), "data behind a hole"...)
			for i := range 6 {
				path := filepath.Join(dir, fmt.Sprint("f", i))
				f, err := os.Create(path)
				must(t, err)
				must(t, f.Truncate(2*mib))
				_, err = f.WriteAt(content[2*mib:], 2*mib)
				must(t, err)
				must(t, f.Close())
			}
			path := func(i int) string { return filepath.Join(dir, fmt.Sprint("f", i)) }
			must(t, os.Chown(path(1), 5, 6))
			must(t, unix.Chmod(path(1), 0o6755))
			tool(t, "setfacl", "-b", path(2))
			tool(t, "setfacl", "-m", "u:9:r", path(3))
			must(t, unix.Setxattr(path(4), "user.note", []byte("\x00\xff"), 0))
			must(t, unix.Setxattr(path(4), "trusted.note", nil, 0))
			must(t, unix.Setxattr(path(5), "security.capability", []byte("\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), 0))
			for i := range 6 {
				must(t, os.Chtimes(path(i), time.Unix(1_200_000_000, 1), time.Unix(1_300_000_000+int64(i), 999_999_999)))
			}
			before, taken := Manifest(t, dir), blocks(t, dir)
			oneinode := Oneinode(t)
			// The set-id file joins nobody; all others do.
			if n := oneinode.Dedupe(0, "--match", "none", dir).Linked; n != 4 {
				t.Errorf("%d linked, want 4", n)
			}
			oneinode.Run("undo").want(t, 0)
			checkUndone(t, before, Manifest(t, dir))
			for p, n := range blocks(t, dir) {
				if n > taken[p]+64 {
					t.Errorf("%s takes %d blocks, it took %d: the hole is gone", p, n, taken[p])
				}
			}
		})
	}
}

// TestUndoKeepsACL: an ACL that was set after the run stays with the copies, also on xfs,
// which lists it twice.
func TestUndoKeepsACL(t *testing.T) {
	t.Parallel()
	needTools(t, "setfacl")
	for _, name := range []string{"ext4", "xfs"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := newTree(t, leaseFilesystems[name](t))
			path := func(base string) string { return filepath.Join(dir, base) }
			for _, base := range []string{"kept", "copy"} {
				must(t, os.WriteFile(path(base), make([]byte, mib), 0o600))
			}
			oneinode := Oneinode(t)
			if n := oneinode.Dedupe(0, dir).Linked; n != 1 {
				t.Fatalf("%d linked, want 1", n)
			}
			tool(t, "setfacl", "-m", "u:7:rw", path("kept"))
			oneinode.Run("undo").want(t, 0)
			if kept, got := aclOf(t, path("kept")), aclOf(t, path("copy")); got != kept || kept == "" {
				t.Errorf("ACL %q, want %q", got, kept)
			}
		})
	}
}

// aclOf is the access ACL as the kernel gives it, "" for none.
func aclOf(t testing.TB, path string) string {
	t.Helper()
	buf := make([]byte, 256)
	n, err := unix.Getxattr(path, "system.posix_acl_access", buf)
	if err == unix.ENODATA {
		return ""
	}
	must(t, err)
	return string(buf[:n])
}

// blocks is what each file takes, in units of 512 bytes, once all is written out.
func blocks(t testing.TB, dir string) map[string]int64 {
	t.Helper()
	flushed(t, dir)
	found := map[string]int64{}
	for path := range Manifest(t, dir) {
		var st unix.Stat_t
		must(t, unix.Lstat(filepath.Join(dir, path), &st))
		if st.Mode&unix.S_IFMT == unix.S_IFREG {
			found[path] = st.Blocks
		}
	}
	return found
}

// TestUndoOfTwoKeepers: names of one inode that went to different keepers, since
// the first one took no more, share an inode again.
func TestUndoOfTwoKeepers(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 1))
	again := 0
	for range 2 {
		dir := tempDir(t)
		linkedCopies(t, dir, random, 300)
		before, oneinode := Manifest(t, dir), Oneinode(t)
		oneinode.RunUnder(strace(t, []string{"linkat:error=EMLINK:when=3+3"}), "dedupe", "--threads", "1", "--match", "none", dir).want(t, 0)
		journals, err := filepath.Glob(filepath.Join(oneinode.State, "runs", "*.journal"))
		must(t, err)
		b, err := os.ReadFile(journals[0])
		must(t, err)
		again += bytes.Count(b, []byte(`"again":true`))
		oneinode.Run("undo").want(t, 0)
		checkUndone(t, before, Manifest(t, dir))
	}
	t.Logf("%d names went to another keeper than was planned", again)
	if again == 0 {
		t.Error("no name went to another keeper: this shows nothing")
	}
}

// TestSplit: each named path gets an inode of its own and keeps all that it shows.
func TestSplit(t *testing.T) {
	t.Parallel()
	for name, disk := range leaseFilesystems {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := newTree(t, disk(t))
			Library(t, dir, 5, 6)
			oneinode := Oneinode(t)
			oneinode.Dedupe(0, dir)
			before := Manifest(t, dir)
			var one string
			for path, e := range before {
				if e.Type == unix.S_IFREG && e.Links > 1 {
					one = path
				}
			}
			oneinode.Run("split", filepath.Join(dir, one)).want(t, 0)
			after := Manifest(t, dir)
			checkSplit(t, before, after)
			for path, e := range after {
				if path == one && (e.Links != 1 || e.Inode == before[one].Inode) {
					t.Errorf("%s still has %d links", path, e.Links)
				} else if path != one && e.Inode != before[path].Inode {
					t.Errorf("%s was split as well", path)
				}
			}
			oneinode.Run("split", "-r", dir).want(t, 0)
			after = Manifest(t, dir)
			checkSplit(t, before, after)
			for path, e := range after {
				if e.Type == unix.S_IFREG && e.Links != 1 {
					t.Errorf("%s still has %d links", path, e.Links)
				}
			}
		})
	}
}

// checkSplit: the tree shows what it showed, times included, whatever shares an inode.
func checkSplit(t testing.TB, before, after Tree) {
	t.Helper()
	CheckSame(t, before, after)
	for path, was := range before {
		if now, there := after[path]; there && now.Mtime != was.Mtime {
			t.Errorf("%q: mtime %d, was %d", path, now.Mtime, was.Mtime)
		}
	}
	noLeftovers(t, after)
}

// TestSplitLower: overlayfs (without its index) gives a name of a lower file its own copy by itself
// as soon as that is to be exchanged. That is what was asked for.
func TestSplitLower(t *testing.T) {
	t.Parallel()
	dir := Overlay(t, func(lower string) {
		must(t, os.WriteFile(filepath.Join(lower, "a"), []byte("content"), 0o640))
		must(t, os.Link(filepath.Join(lower, "a"), filepath.Join(lower, "b")))
	}).Merged
	before := Manifest(t, dir)
	if r := Oneinode(t).Run("split", filepath.Join(dir, "a")); r.Code != 0 || !strings.Contains(r.Stdout, "1 path with a copy") {
		t.Errorf("exit code %d\n%s%s", r.Code, r.Stdout, r.trouble())
	}
	checkSplit(t, before, Manifest(t, dir))
}

// TestSplitKilled: a split that is killed loses nothing, and another one finishes.
func TestSplitKilled(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 4))
	for i := range 10 {
		dir := tempDir(t)
		linkedCopies(t, dir, random, 60)
		before, oneinode := Manifest(t, dir), Oneinode(t)
		names := watchNames(t, dir)
		run := oneinode.Start(nil, "split", "-q", "-r", dir)
		killSoon(run, names, random, 30*time.Millisecond)
		run.wait()
		names.close()
		checkPaths(t, fmt.Sprint("trial ", i), before, Manifest(t, dir))
		oneinode.Run("split", "-r", dir).want(t, 0)
		after := Manifest(t, dir)
		checkPaths(t, fmt.Sprint("trial ", i, ", next split"), before, after)
		if left := Leftovers(after); len(left) != 0 {
			t.Errorf("trial %d: left behind: %q", i, left)
		}
		sets := linkSets(after.settled())
		if n := slices.IndexFunc(sets, func(s string) bool { return strings.Contains(s, `" "`) }); n >= 0 {
			t.Errorf("trial %d: %s still share an inode", i, sets[n])
		}
	}
}

// TestSplitAfterKilled: what a killed split has left goes with the next one, before that counts
// names: the last name of a file needs no copy.
func TestSplitAfterKilled(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	must(t, os.WriteFile(a, []byte("content"), 0o644))
	must(t, os.Link(a, b))
	oneinode := Oneinode(t)
	oneinode.RunUnder(strace(t, []string{"unlinkat:signal=KILL:when=1"}), "split", a)
	oneLeftover(t, dir)
	then := inode(t, b)
	oneinode.Run("split", "-n", a, b)
	oneLeftover(t, dir)
	oneinode.Run("split", a, b).want(t, 0)
	noLeftovers(t, Manifest(t, dir))
	if inode(t, a) == then || inode(t, b) != then {
		t.Errorf("inodes %d and %d, the old one is %d", inode(t, a), inode(t, b), then)
	}
}

// TestUndoOfStuck: a run could neither remove the old file of a name nor put it back.
// That is told with the place where it stays, and an undo mends it, also when the next
// run has removed the old file.
func TestUndoOfStuck(t *testing.T) {
	t.Parallel()
	for name, between := range map[string]func(*Program, string){
		"at once":       func(*Program, string) {},
		"after a clean": func(p *Program, dir string) { p.Dedupe(0, dir) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := tempDir(t)
			makeCopies(t, dir, 2, 1)
			then := time.Unix(1_000_000_000, 0)
			must(t, os.Chtimes(filepath.Join(dir, "d01", "f00"), then, then))
			before := Manifest(t, dir)
			oneinode := Oneinode(t)
			inject := []string{"unlinkat:error=EROFS", "renameat2:error=EROFS:when=2+"}
			r := oneinode.RunUnder(strace(t, inject), "dedupe", dir)
			if len(Leftovers(Manifest(t, dir))) == 0 {
				t.Skip("the calls were made by several threads, and did not fail together")
			}
			if r.Code != 3 || !strings.Contains(r.Stderr, "stays at") {
				t.Errorf("exit code %d\n%s", r.Code, r.trouble())
			}
			between(oneinode, dir)
			if r := oneinode.Run("undo"); r.Code != 0 || !strings.Contains(r.Stdout, "1 path with a copy") {
				t.Errorf("undo: exit code %d\n%s%s", r.Code, r.Stdout, r.trouble())
			}
			CheckSame(t, before, Manifest(t, dir))
			if state := stateOf(t, oneinode); state != "undone" {
				t.Errorf("the run is %s", state)
			}
		})
	}
}

// TestUndoAfterFault: whatever call fails while a run is prepared, all that it then
// replaces can be taken back.
func TestUndoAfterFault(t *testing.T) {
	t.Parallel()
	needTools(t, "strace")
	for _, fault := range []string{"openat2:error=EMFILE", "flistxattr:error=EIO", "fgetxattr:error=EIO"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			for when := range 10 {
				undoAfter(t, fmt.Sprintf("%s:when=%d", fault, when+1))
			}
		})
	}
}

// undoAfter runs dedupe with a fault over three copies that differ in their times, and
// takes back what it has linked.
func undoAfter(t *testing.T, inject string) {
	t.Helper()
	dir := tempDir(t)
	defer os.RemoveAll(dir)
	makeCopies(t, dir, 3, 1)
	for d := range 3 {
		path, then := filepath.Join(dir, fmt.Sprintf("d%02d", d), "f00"), time.Unix(int64(1_000_000_000+d), 0)
		must(t, unix.Setxattr(path, "user.kept", []byte("here"), 0))
		must(t, os.Chtimes(path, then, then))
	}
	before := Manifest(t, dir)
	oneinode := Oneinode(t)
	oneinode.RunUnder(strace(t, []string{inject}), "dedupe", dir)
	if r := oneinode.Run("undo"); r.Code != 0 && !strings.Contains(r.Stderr, "no run to use") {
		t.Errorf("%s: undo ends with %d\n%s", inject, r.Code, r.trouble())
	}
	checkPaths(t, inject, before, Manifest(t, dir))
}

// TestUndoAfterFailure: names of one inode share one again though one of them could
// not be taken back at first.
func TestUndoAfterFailure(t *testing.T) {
	t.Parallel()
	needTools(t, "strace")
	dir := tempDir(t)
	_, victim, _ := duo(t, dir)
	paths := []string{victim}
	for _, name := range []string{"w", "x", "y"} {
		sub := filepath.Join(dir, name)
		must(t, os.Mkdir(sub, 0o755))
		paths = append(paths, filepath.Join(sub, "victim"))
		must(t, os.Link(victim, paths[len(paths)-1]))
	}
	before, oneinode := Manifest(t, dir), Oneinode(t)
	oneinode.Dedupe(0, "--keep", "oldest", dir)
	if n := len(linkSets(Manifest(t, dir))); n != 1 {
		t.Fatalf("%d inodes after the run, want 1", n)
	}
	under := strace(t, []string{"renameat2:error=EIO"}, filepath.Join(dir, "x"))
	oneinode.RunUnder(under, "undo").want(t, 3)
	if n := len(linkSets(Manifest(t, dir))); n != 2 {
		t.Errorf("%d inodes after the failure, want 2", n)
	}
	oneinode.Run("undo").want(t, 0)
	checkUndone(t, before, Manifest(t, dir))
}

// TestUndoOfHalfRun: names of one inode share one again, of which a run that was stopped had replaced some, and
// another run all. The copies of the undo have the numbers of the files that this run had removed.
func TestUndoOfHalfRun(t *testing.T) {
	t.Parallel()
	needTools(t, "strace")
	disk := Ext4(t, Disk{})
	for range 3 {
		untilInTime(t, func(t *testing.T) bool { return undoOfHalfRun(t, disk) })
	}
}

func undoOfHalfRun(t *testing.T, disk string) (inTime bool) {
	dir, err := os.MkdirTemp(disk, "")
	must(t, err)
	_, middle, _, _ := trio(t, dir)
	for _, name := range []string{"x", "y"} {
		must(t, os.Link(middle, filepath.Join(dir, name)))
	}
	before, oneinode := Manifest(t, dir), Oneinode(t)
	oneinode.RunUnder(strace(t, []string{"renameat2:signal=INT:when=1", "unlinkat:delay_enter=300ms"}), "dedupe", "--threads", "1", "--keep", "oldest", dir)
	inTime = Manifest(t, dir)["./keeper"].Links == 2 // one name of three
	oneinode.Dedupe(0, "--keep", "newest", dir)
	for range 2 {
		if r := oneinode.Run("undo"); r.Code != 0 && inTime {
			t.Errorf("undo: exit code %d\n%s", r.Code, r.trouble())
		}
	}
	if inTime {
		checkUndone(t, before, Manifest(t, dir))
	}
	return inTime
}
