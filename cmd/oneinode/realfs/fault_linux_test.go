package realfs_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// fault is a system call of a run and the errors that it can give.
type fault struct {
	call   string
	errors []string
	// everywhere: the run time of Go makes this call as well, so only the calls
	// about the tree and the state may fail.
	everywhere bool
}

var faults = []fault{
	{"linkat", []string{"ENOSPC", "EMLINK", "EXDEV", "EPERM", "EIO", "EINTR"}, false},
	{"renameat2", []string{"ENOSYS", "EINVAL", "EPERM", "EIO", "EINTR", "ENOSPC"}, false},
	{"renameat", []string{"EIO", "EPERM"}, false},
	{"unlinkat", []string{"EIO", "EPERM", "EBUSY", "EINTR"}, false},
	{"openat2", []string{"ENOSYS", "EAGAIN", "EMFILE", "EACCES", "EINTR"}, false},
	{"openat", []string{"EMFILE", "EACCES", "EIO", "EINTR"}, true},
	{"newfstatat", []string{"EIO", "EACCES"}, true},
	{"fstat", []string{"EIO"}, true},
	{"statx", []string{"EIO", "ENOSYS", "EACCES", "EINTR"}, false},
	{"getdents64", []string{"EIO"}, false},
	{"fcntl", []string{"EAGAIN", "EINVAL", "EACCES", "EINTR"}, true},
	{"fsync", []string{"EIO", "ENOSPC"}, false},
	{"fdatasync", []string{"EIO"}, false},
	{"syncfs", []string{"EIO"}, false},
	{"utimensat", []string{"EPERM", "EIO"}, false},
	{"pread64", []string{"EIO", "EINTR"}, true},
	{"read", []string{"EIO"}, true},
	{"flistxattr", []string{"EIO", "ERANGE", "EOPNOTSUPP"}, false},
	{"fgetxattr", []string{"EIO", "ERANGE", "ENODATA"}, false},
	{"write", []string{"ENOSPC"}, true},
	{"ioctl", []string{"EIO"}, true},
}

// byDesign are the errors that are reasons to leave a file alone, by --link: a filesystem's
// limits, a busy file. They leave the exit code at 0.
var byDesign = map[string][]string{
	"hard": {
		"linkat:error=EMLINK", "linkat:error=EXDEV", "flistxattr:error=EOPNOTSUPP", "fgetxattr:error=ENODATA",
		"fcntl:", // a lease that cannot be had, or was broken
	},
	// A target that is too long, a filesystem without symbolic links (EPERM, symlink(2)), and a
	// keeper that cannot be reached through the new link.
	"symlink": {"symlinkat:error=ENAMETOOLONG", "symlinkat:error=EPERM", "openat:error=EACCES", "fcntl:"},
	"reflink": {
		"ioctl:error=EINVAL", "ioctl:error=EOPNOTSUPP", "ioctl:error=EXDEV", "ioctl:error=ETXTBSY", "ioctl:error=ENOTTY", "ioctl:retval=0", "fcntl:",
	},
}

func designed(link, inject string) bool {
	return slices.ContainsFunc(byDesign[link], func(rule string) bool { return strings.HasPrefix(inject, rule) })
}

// senseless are combinations that no kernel gives: an interrupted call that is
// interrupted for ever, a call that exists now and then.
func senseless(errno, when string) bool {
	switch errno {
	case "EINTR":
		return when == "1+"
	case "ENOSYS":
		return when != "1+"
	}
	return false
}

// occasions is which of the calls fail; strace counts in each thread.
var occasions = []string{"1", "2", "3+4", "1+2", "1+"}

// rules are the faults of a call on some occasions: every n'th of them, and each one when
// ONEINODE_KILLS asks for long runs.
func (f fault) rules(occasions []string, n int) (list []string) {
	turn := rand.IntN(n)
	for _, errno := range f.errors {
		for _, when := range occasions {
			if turn++; !senseless(errno, when) && (turn%n == 0 || os.Getenv("ONEINODE_KILLS") != "") {
				list = append(list, fmt.Sprintf("%s:error=%s:when=%s", f.call, errno, when))
			}
		}
	}
	return list
}

// noExchange makes a filesystem that knows no RENAME_EXCHANGE, so that the other
// way to replace a name meets its faults as well.
const noExchange = "renameat2:error=EINVAL"

// TestFault lets each system call of a run fail in turn. Whatever fails, every
// path keeps its content, and the next run finishes the job.
func TestFault(t *testing.T) {
	t.Parallel()
	needTools(t, "strace")
	for _, f := range faults {
		t.Run(f.call, func(t *testing.T) {
			t.Parallel()
			for _, rule := range f.rules(occasions, 1) {
				faultTrial(t, "hard", f.everywhere, rule)
			}
		})
	}
	t.Run("without exchange", func(t *testing.T) {
		t.Parallel()
		for _, call := range []string{"linkat", "renameat", "unlinkat", "statx"} {
			for _, when := range occasions {
				faultTrial(t, "hard", false, noExchange, fmt.Sprintf("%s:error=EIO:when=%s", call, when))
			}
		}
	})
}

// faultPaths are what faults are confined to: the files of a tree for a call that
// the run time makes as well, else none.
func faultPaths(dir string, tree Tree, everywhere bool) (paths []string) {
	for path := range tree {
		if everywhere {
			paths = append(paths, filepath.Join(dir, path))
		}
	}
	return paths
}

// faultTrial runs dedupe with faults, checks the tree, and runs it again without.
func faultTrial(t *testing.T, link string, everywhere bool, inject ...string) {
	t.Helper()
	dir := tempDir(t)
	defer os.RemoveAll(dir)
	makeCopies(t, dir, 3, 7)
	long := slices.Repeat([]byte("a longer one "), 20_000)
	for i := range 3 {
		must(t, os.WriteFile(filepath.Join(dir, fmt.Sprint("long-", i)), long, 0o644))
	}
	before := Manifest(t, dir)
	oneinode := Oneinode(t)
	r := oneinode.RunUnder(strace(t, inject, faultPaths(dir, before, everywhere)...), "dedupe", "--link", link, dir)
	after := Followed(t, dir)
	checkPaths(t, fmt.Sprint(inject), before, after)
	if !slices.Contains([]int{0, 1, 3}, r.Code) {
		t.Errorf("%s: exit code %d\n%s", inject, r.Code, r.trouble())
	}
	if n := scattered(after); n != 0 && r.Code == 0 && !designed(link, inject[len(inject)-1]) {
		t.Errorf("%s: exit code 0, but %d inodes are left to merge", inject, n)
	}
	again := oneinode.Run("dedupe", "--link", link, dir)
	after = Followed(t, dir)
	checkPaths(t, fmt.Sprint(inject, ", next run"), before, after)
	if n := scattered(after); n != 0 || again.Code != 0 {
		t.Errorf("%s: the next run ends with %d and leaves %d inodes that could go\n%s", inject, again.Code, n, again.trouble())
	}
	if left := Leftovers(after); len(left) != 0 {
		t.Errorf("%s: the next run leaves %q", inject, left)
	}
	checkLinks(t, before, Manifest(t, dir))
}

// TestLeftoverTold: a temporary name that cannot be looked at, since its directory was closed to us in that
// very instant, is told.
func TestLeftoverTold(t *testing.T) {
	t.Parallel()
	needRoot(t)
	needTools(t, "strace")
	for link, call := range map[string]string{"hard": "linkat", "symlink": "symlinkat"} {
		t.Run(link, func(t *testing.T) {
			t.Parallel()
			untilInTime(t, func(t *testing.T) bool { return leftoverTold(t, link, call) })
		})
	}
}

func leftoverTold(t *testing.T, link, call string) (inTime bool) {
	dir := tempDir(t)
	trio(t, dir)
	for _, name := range append(trioNames(), "") {
		must(t, os.Chown(filepath.Join(dir, name), stranger, stranger))
	}
	_, run := OneinodeOf(t, stranger).replacing(dir, []string{call + ":delay_exit=1s"}, "dedupe", "--link", link, dir)
	must(t, os.Chmod(dir, 0))
	inTime = len(Leftovers(Manifest(t, dir))) > 0
	r := run.wait()
	left := Leftovers(Manifest(t, dir))
	if inTime && (len(left) != 1 || r.Code != 3 || !strings.Contains(r.Stderr, filepath.Base(left[0]))) {
		t.Errorf("exit code %d, left: %q\n%s", r.Code, left, r.trouble())
	}
	return inTime
}

// TestLeftoverOfLostKeeper: where a directory is locked in that very instant, and the kept file's mode changed, the
// temporary name that stays is told with the path that it stands beside, though another file could be kept.
func TestLeftoverOfLostKeeper(t *testing.T) {
	t.Parallel()
	needRoot(t)
	needTools(t, "strace", "chattr")
	untilInTime(t, func(t *testing.T) (inTime bool) {
		dir := Ext4(t, Disk{})
		locked, free := filepath.Join(dir, "locked"), filepath.Join(dir, "free")
		must(t, os.Mkdir(locked, 0o755))
		must(t, os.Mkdir(free, 0o755))
		keeper, middle, victim, _ := trio(t, locked)
		must(t, os.Rename(victim, filepath.Join(free, "victim")))
		must(t, os.Chtimes(middle, time.Now(), time.Now())) // so that the victim would be kept next
		names, oneinode := watchNames(t, locked), Oneinode(t)
		run := oneinode.Start(strace(t, []string{"linkat:delay_exit=1s"}), "dedupe", "--keep", "oldest", dir)
		if !names.temporary(run.done) {
			t.Fatal("no replace was seen")
		}
		must(t, os.Chmod(keeper, 0o444))
		tool(t, "chattr", "+i", locked)
		defer tool(t, "chattr", "-i", locked)
		inTime = len(Leftovers(Manifest(t, locked))) > 0
		r := run.wait()
		left := Leftovers(Manifest(t, locked))
		if inTime && (len(left) != 1 || r.Code != 3 || !strings.Contains(lineOf(r.Stderr, middle), filepath.Base(left[0]))) {
			t.Errorf("exit code %d, left: %q\n%s", r.Code, left, r.trouble())
		}
		return inTime
	})
}

// lineOf is the line that has a word.
func lineOf(text, word string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, word) {
			return line
		}
	}
	return ""
}

// youth is how long a file counts as written after the flush of its filesystem.
const youth = 2 * time.Second

// TestUnflushed: without the keeper's data on disk nothing is replaced, nor without the
// journal's (fdatasync). A file that is older than the flush of its filesystem goes by
// that, a young one by a flush of its own.
func TestUnflushed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		calls []string
		rest  time.Duration
		tree  bool // only what concerns the tree fails
	}{
		"all":   {[]string{"fsync", "syncfs", "fdatasync"}, 0, false},
		"young": {[]string{"fsync"}, 0, true},
		"old":   {[]string{"fsync", "syncfs"}, youth + time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			untilInTime(t, func(t *testing.T) bool { return unflushed(t, c.calls, c.rest, c.tree) })
		})
	}
}

func unflushed(t *testing.T, calls []string, rest time.Duration, tree bool) (inTime bool) {
	oneinode, dir, made := Oneinode(t), tempDir(t), time.Now()
	makeCopies(t, dir, 2, 10)
	before := Manifest(t, dir)
	time.Sleep(rest)
	var inject []string
	for _, call := range calls {
		inject = append(inject, call+":error=EIO")
	}
	r := oneinode.RunUnder(strace(t, inject, faultPaths(dir, before, tree)...), "dedupe", dir)
	if r.Code == 0 && rest == 0 && time.Since(made) > youth {
		return false
	}
	if r.Code != 1 && r.Code != 3 {
		t.Errorf("exit code %d, want 1 or 3\n%s", r.Code, r.trouble())
	}
	checkIdentical(t, before, Manifest(t, dir))
	return true
}

// TestSavedScanClosed: that this user may not reach a file of a saved scan is a failure, and does
// not say that the file has changed.
func TestSavedScanClosed(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := tempDir(t)
	makeCopies(t, dir, 1, 10)
	oneinode := OneinodeOf(t, stranger)
	saved := filepath.Join(oneinode.State, "saved.json")
	Oneinode(t).Run("scan", "-q", "-o", saved, dir).want(t, 0)
	must(t, os.Chmod(saved, 0o644))
	must(t, os.Chmod(filepath.Join(dir, "d00"), 0o700))
	r := oneinode.Run("dedupe", "-v", "--from", saved).want(t, 3)
	if !strings.Contains(r.trouble(), "permission denied") || strings.Contains(r.Stdout, "changed since") {
		t.Errorf("told %s%s", r.Stdout, r.trouble())
	}
}
