package realfs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// faults are the system calls of a run and the errors that each can give.
var faults = []struct {
	call   string
	errors []string
}{
	{"linkat", []string{"ENOSPC", "EMLINK", "EXDEV", "EPERM", "EIO", "EINTR"}},
	{"renameat2", []string{"ENOSYS", "EINVAL", "EPERM", "EIO", "EINTR", "ENOSPC"}},
	{"renameat", []string{"EIO", "EPERM"}},
	{"unlinkat", []string{"EIO", "EPERM", "EBUSY", "EINTR"}},
	{"openat2", []string{"ENOSYS", "EAGAIN", "EMFILE", "EACCES", "EINTR"}},
	{"openat", []string{"EMFILE", "EACCES", "EIO", "EINTR"}},
	{"newfstatat", []string{"EIO", "EACCES"}},
	{"fstat", []string{"EIO"}},
	{"statx", []string{"EIO", "ENOSYS", "EACCES", "EINTR"}},
	{"getdents64", []string{"EIO"}},
	{"fcntl", []string{"EAGAIN", "EINVAL", "EACCES", "EINTR"}},
	{"fsync", []string{"EIO", "ENOSPC"}},
	{"fdatasync", []string{"EIO"}},
	{"syncfs", []string{"EIO"}},
	{"utimensat", []string{"EPERM", "EIO"}},
	{"pread64", []string{"EIO", "EINTR"}},
	{"read", []string{"EIO"}},
	{"flistxattr", []string{"EIO", "ERANGE", "EOPNOTSUPP"}},
	{"fgetxattr", []string{"EIO", "ERANGE", "ENODATA"}},
	{"write", []string{"ENOSPC"}},
	{"ioctl", []string{"EIO"}},
}

// occasions is which of the calls fail; strace counts in each thread.
var occasions = []string{"1", "2", "3+4", "1+2", "1+"}

// noExchange makes a filesystem that knows no RENAME_EXCHANGE, so that the other
// way to replace a name meets its faults as well.
const noExchange = "renameat2:error=EINVAL"

// TestFault lets each system call of a run fail in turn. Whatever fails, every
// path keeps its content, and the next run finishes the job.
func TestFault(t *testing.T) {
	t.Parallel()
	needTools(t, "strace")
	for _, fault := range faults {
		t.Run(fault.call, func(t *testing.T) {
			t.Parallel()
			for _, errno := range fault.errors {
				for _, when := range occasions {
					faultTrial(t, fmt.Sprintf("%s:error=%s:when=%s", fault.call, errno, when))
				}
			}
		})
	}
	t.Run("without exchange", func(t *testing.T) {
		t.Parallel()
		for _, call := range []string{"linkat", "renameat", "unlinkat", "statx", "fcntl", "fstat"} {
			for _, when := range occasions {
				faultTrial(t, noExchange, fmt.Sprintf("%s:error=EIO:when=%s", call, when))
			}
		}
	})
}

// faultTrial runs dedupe with faults, checks the tree, and runs it again without.
func faultTrial(t *testing.T, inject ...string) {
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
	// Calls about the tree and the state only: the run time of Go has its own.
	paths := []string{dir, oneinode.State}
	for path := range before {
		paths = append(paths, filepath.Join(dir, path))
	}
	r := oneinode.RunUnder(strace(t, inject, paths...), "dedupe", dir)
	after := Manifest(t, dir)
	checkPaths(t, fmt.Sprint(inject), before, after)
	if !slices.Contains([]int{0, 1, 3}, r.Code) {
		t.Errorf("%s: exit code %d\n%s", inject, r.Code, r.Stderr)
	}
	if n := Unmerged(after, nil); n != 0 && r.Code == 0 {
		t.Logf("%s: exit code 0 with %d inodes left to merge", inject, n)
	}
	again := oneinode.Run("dedupe", dir)
	after = Manifest(t, dir)
	checkPaths(t, fmt.Sprint(inject, ", next run"), before, after)
	if n := Unmerged(after, nil); n != 0 || again.Code != 0 {
		t.Errorf("%s: the next run ends with %d and leaves %d inodes that could go\n%s", inject, again.Code, n, again.Stderr)
	}
	if left := Leftovers(after); len(left) != 0 {
		t.Errorf("%s: the next run leaves %q", inject, left)
	}
}

// TestUnflushed: without the keeper's data on disk nothing is replaced.
func TestUnflushed(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	makeCopies(t, dir, 2, 10)
	before := Manifest(t, dir)
	inject := []string{"fsync:error=EIO", "syncfs:error=EIO", "fdatasync:error=EIO"}
	r := Oneinode(t).RunUnder(strace(t, inject), "dedupe", dir)
	if r.Code != 1 && r.Code != 3 {
		t.Errorf("exit code %d, want 1 or 3\n%s", r.Code, r.Stderr)
	}
	checkIdentical(t, before, Manifest(t, dir))
}
