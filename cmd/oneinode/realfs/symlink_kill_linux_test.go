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

// TestSymlinkKill is TestKill.
func TestSymlinkKill(t *testing.T) {
	t.Parallel()
	killTrials(t, "symlink", max(trials()/4, 12))
}

// symlinkFaults are the calls of a replace by a symbolic link, and their errors.
var symlinkFaults = []fault{
	{"symlinkat", []string{"ENOSPC", "EPERM", "EIO", "ENAMETOOLONG", "EEXIST", "EROFS", "EINTR"}, false},
	{"readlinkat", []string{"EIO", "EINVAL"}, true},
	{"renameat2", []string{"ENOSYS", "EINVAL", "EPERM", "EIO"}, false},
	{"unlinkat", []string{"EIO", "EPERM", "EBUSY"}, false},
	{"openat2", []string{"EMFILE", "EACCES"}, false},
	{"openat", []string{"EMFILE", "EACCES"}, true},
	{"newfstatat", []string{"EIO", "ENOENT"}, true},
	{"fstat", []string{"EIO"}, true},
	{"statx", []string{"EIO"}, false},
	{"fcntl", []string{"EAGAIN", "EINVAL"}, true},
	{"syncfs", []string{"EIO"}, false},
	{"fsync", []string{"EIO"}, false},
	{"fdatasync", []string{"EIO"}, false},
	{"utimensat", []string{"EPERM"}, false},
	{"write", []string{"ENOSPC"}, true},
}

// TestSymlinkFault lets each system call of a run fail in turn. Whatever fails,
// every path shows its content, and the next run finishes the job.
func TestSymlinkFault(t *testing.T) {
	t.Parallel()
	needTools(t, "strace")
	for _, f := range symlinkFaults {
		t.Run(f.call, func(t *testing.T) {
			t.Parallel()
			for _, rule := range f.rules([]string{"1", "2", "3+4", "1+"}, 2) {
				faultTrial(t, "symlink", f.everywhere, rule)
			}
		})
	}
	t.Run("without exchange", func(t *testing.T) {
		t.Parallel()
		for _, call := range []string{"symlinkat", "linkat", "renameat", "unlinkat"} {
			for _, when := range []string{"1", "2", "1+"} {
				faultTrial(t, "symlink", false, noExchange, fmt.Sprintf("%s:error=EIO:when=%s", call, when))
			}
		}
	})
}

// TestSymlinkPowerCut is TestPowerCutJournal.
func TestSymlinkPowerCut(t *testing.T) {
	cutEverywhere(t, func(t *testing.T, _ powerPlace, m *machine) { m.cutJournal("symlink", 500) })
}

// TestSymlinkPowerCutAcross: links on one filesystem, their keepers on another,
// which was not written out yet. The run stands still while both are copied.
func TestSymlinkPowerCutAcross(t *testing.T) {
	t.Parallel()
	keepers, links := newMachine(t, "ext4", ""), newMachine(t, "ext4", "")
	const n = 400
	for i := range n {
		must(t, os.WriteFile(filepath.Join(links.dir, fmt.Sprint(i)), fmt.Appendf(nil, "content %04d", i), 0o644))
	}
	flushed(t, links.dir)
	before := Manifest(t, links.dir)
	fresh := filepath.Join(keepers.dir, "fresh")
	must(t, os.Mkdir(fresh, 0o755))
	for i := range n {
		must(t, os.WriteFile(filepath.Join(fresh, fmt.Sprint(i)), fmt.Appendf(nil, "content %04d", i), 0o644))
	}
	names := watchNames(t, links.dir)
	run := Oneinode(t).Start(nil, "dedupe", "-q", "--link", "symlink", "--reference", keepers.dir, keepers.dir, links.dir)
	names.temporary(run.done)
	type cut struct{ keepers, links string }
	var images []cut
	for range 6 {
		time.Sleep(rand.N(10 * time.Millisecond))
		run.kill(syscall.SIGSTOP)
		links.commit()
		images = append(images, cut{keepers.clone(), links.clone()})
		run.kill(syscall.SIGCONT)
	}
	run.wait().want(t, 0)
	links.commit()
	images = append(images, cut{keepers.clone(), links.clone()})
	changed := 0
	for i, image := range images {
		// Over the living ones, so that the links lead there.
		for m, image := range map[*machine]string{keepers: image.keepers, links: image.links} {
			mountOn(t, m.dir, "-t", m.kind, "-o", "loop", image)
		}
		after := Followed(t, links.dir)
		delete(after, "./unrelated")
		checkContents(t, fmt.Sprint("cut ", i), before, after)
		for path, e := range Manifest(t, links.dir) {
			changed += btoi(e.Type == unix.S_IFLNK && before[path].Type == unix.S_IFREG)
		}
	}
	t.Logf("%d cuts, %d links seen", len(images), changed)
	if changed == 0 {
		t.Error("no cut came after a change: the cuts show nothing")
	}
}

// TestSymlinkUndo: a run that is taken back leaves every path as it was, also
// when that is killed and done again.
func TestSymlinkUndo(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"plain", "ext4", "xfs", "btrfs", "subvolumes", "tmpfs", "overlay", "nested mount"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := places[name](t)
			before, oneinode := Manifest(t, p.dir), Oneinode(t)
			if oneinode.Dedupe(0, "--link", "symlink", p.dir).Linked == 0 {
				t.Fatal("nothing was linked")
			}
			oneinode.Run("verify").want(t, 0)
			interruptUndo(t, oneinode, p.dir, Followed(t, p.dir))
			finishUndo(t, oneinode, 0)
			checkUndone(t, before.settled(), Manifest(t, p.dir).settled())
			// And the job can be done once more, where the copies do not share their
			// blocks: then a link would free nothing.
			oneinode.Dedupe(0, "--link", "symlink", p.dir)
			if n := scattered(Followed(t, p.dir)); n != 0 && !slices.Contains([]string{"btrfs", "xfs", "subvolumes"}, name) {
				t.Errorf("%d inodes could still go", n)
			}
		})
	}
}

// TestSymlinkUndoLeavesAlone: what the user did to a link or to a keeper since
// the run stays, and is told; a keeper that is another file now is not copied.
func TestSymlinkUndoLeavesAlone(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	makeCopies(t, dir, 2, 30)
	oneinode := Oneinode(t)
	oneinode.Dedupe(0, "--link", "symlink", dir)
	file := func(i int) string { return filepath.Join(dir, "d01", fmt.Sprintf("f%02d", i)) }
	tree := Manifest(t, dir)
	var keeper string // of content 0
	for path, e := range tree {
		if e.Type == unix.S_IFREG && e.SHA == Followed(t, dir)["./d01/f00"].SHA {
			keeper = filepath.Join(dir, path)
		}
	}
	must(t, os.Rename(keeper, keeper+"-moved"))
	must(t, os.WriteFile(keeper, []byte("another content 0"), 0o644))
	replaced := []int{6, 7, 8}
	must(t, os.Remove(file(6)))
	must(t, os.Remove(file(7)))
	must(t, os.Symlink("/etc/passwd", file(7)))
	must(t, os.Remove(file(8)))
	must(t, os.WriteFile(file(8), []byte("replaced"), 0o600))
	before := Manifest(t, dir)
	r := oneinode.Run("undo", "-v")
	if r.Code != 0 && r.Code != 3 {
		t.Errorf("exit code %d\n%s", r.Code, r.trouble())
	}
	after := Manifest(t, dir)
	for _, i := range replaced {
		rel := fmt.Sprintf("./d01/f%02d", i)
		if before[rel] != after[rel] {
			t.Errorf("%s was touched: %+v, now %+v", rel, before[rel], after[rel])
		}
		if !strings.Contains(r.Stdout+r.Stderr, file(i)) {
			t.Errorf("undo does not tell of %s:\n%s", file(i), r.trouble())
		}
	}
	wantContent(t, keeper, []byte("another content 0"))
	wantContent(t, keeper+"-moved", []byte("content 0 of five"))
	for path, e := range after {
		var d, f int
		if n, _ := fmt.Sscanf(path, "./d%d/f%d", &d, &f); n != 2 || e.Type != unix.S_IFREG || strings.HasPrefix(filepath.Join(dir, path), keeper) {
			continue
		}
		want := fmt.Sprintf("content %d of five", f%5)
		if path == "./d01/f08" {
			want = "replaced"
		}
		wantContent(t, filepath.Join(dir, path), []byte(want))
	}
	noLeftovers(t, after)
}

// TestSymlinkSplit: a path that is split is a file of its own again.
func TestSymlinkSplit(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"ext4", "btrfs", "xfs", "tmpfs"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := newTree(t, leaseFilesystems[name](t))
			keeper, middle, victim, content := trio(t, dir)
			oneinode := Oneinode(t)
			oneinode.Dedupe(0, "--link", "symlink", dir)
			followed := Followed(t, dir)
			link := victim
			if _, err := os.Readlink(link); err != nil {
				t.Fatalf("%s is no link: %v", link, err)
			}
			oneinode.Run("split", link).want(t, 0)
			CheckSame(t, followed, Followed(t, dir))
			if e := Manifest(t, dir)["./victim"]; e.Type != unix.S_IFREG || e.Links != 1 || e.Inode == inode(t, keeper) {
				t.Errorf("it is %+v", e)
			}
			if _, err := os.Readlink(middle); err != nil {
				t.Errorf("another one was split as well: %v", err)
			}
			intrude(t, victim, "append", content)
			wantContent(t, keeper, content)
		})
	}
}

// TestSymlinkVerify: a link whose keeper is gone, moved or changed is told.
func TestSymlinkVerify(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(t testing.TB, keeper string){
		"changed": func(t testing.TB, keeper string) { must(t, os.WriteFile(keeper, []byte("changed"), 0o644)) },
		"moved":   func(t testing.TB, keeper string) { must(t, os.Rename(keeper, keeper+"-moved")) },
		"gone":    func(t testing.TB, keeper string) { must(t, os.Remove(keeper)) },
		"another": func(t testing.TB, keeper string) {
			must(t, os.Remove(keeper))
			must(t, os.WriteFile(keeper, []byte("another"), 0o644))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := tempDir(t)
			keeper, _, victim, _ := trio(t, dir)
			oneinode := Oneinode(t)
			oneinode.Dedupe(0, "--link", "symlink", "--keep", "oldest", dir)
			oneinode.Run("verify").want(t, 0)
			change(t, keeper)
			r := oneinode.Run("verify")
			if r.Code != 3 || !strings.Contains(r.Stdout+r.Stderr, victim) {
				t.Errorf("exit code %d, want 3 and the path\n%s%s", r.Code, r.Stdout, r.trouble())
			}
		})
	}
}
