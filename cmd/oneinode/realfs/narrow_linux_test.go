package realfs_test

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

const narrowed = "ONEINODE_REALFS_NARROW"

// narrow is what stands in front of a program so that all filesystems are to it as most
// of FUSE is: without files that have no name (O_TMPFILE) and without RENAME_EXCHANGE. It stands
// in front of strace, too: an exec by a program of several threads is hard to follow.
func narrow(t testing.TB) []string {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	return []string{"env", narrowed + "=1", self}
}

// enterNarrow runs the program of the command line so, if it is to (seccomp(2)).
func enterNarrow() {
	if os.Getenv(narrowed) == "" {
		return
	}
	runtime.LockOSThread()
	os.Unsetenv(narrowed)
	err := refuse(
		refusal{unix.SYS_OPENAT, 2, unix.O_TMPFILE &^ unix.O_DIRECTORY, unix.EOPNOTSUPP},
		refusal{unix.SYS_RENAMEAT2, 4, unix.RENAME_EXCHANGE, unix.EINVAL})
	path, lookErr := exec.LookPath(os.Args[1])
	if err = cmp.Or(err, lookErr); err == nil {
		err = syscall.Exec(path, os.Args[1:], os.Environ())
	}
	fmt.Fprintln(os.Stderr, "no filter:", err)
	os.Exit(1)
}

// refusal is a call that fails if an argument has any of these bits.
type refusal struct {
	call, argument int
	bits           uint32
	errno          unix.Errno
}

// refuse sets a filter up for this thread and what it executes: offsets are those of
// struct seccomp_data, on little-endian machines.
func refuse(calls ...refusal) error {
	var code []unix.SockFilter
	for _, c := range calls {
		code = append(code,
			unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0},
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: uint32(c.call), Jf: 3},
			unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: uint32(16 + 8*c.argument)},
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: c.bits, Jf: 1},
			unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(c.errno)})
	}
	code = append(code, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW})
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	filter := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&filter)), 0, 0)
}

// TestNarrow: undo and split do their work where files must have names and names cannot
// be exchanged, and a look beforehand leaves nothing.
func TestNarrow(t *testing.T) {
	t.Parallel()
	for _, link := range []string{"hard", "symlink"} {
		for _, command := range []string{"undo", "split"} {
			t.Run(command+" "+link, func(t *testing.T) {
				t.Parallel()
				dir := tempDir(t)
				keeper, middle, victim, content := trio(t, dir)
				before, oneinode := Manifest(t, dir), Oneinode(t)
				oneinode.Dedupe(0, "--link", link, dir)
				args := []string{command}
				if command == "split" {
					args = append(args, middle, victim)
				}
				look := Manifest(t, dir)
				oneinode.RunUnder(narrow(t), append(args, "-n")...).want(t, 0)
				checkIdentical(t, look, Manifest(t, dir))
				oneinode.RunUnder(narrow(t), args...).want(t, 0)
				after := Manifest(t, dir)
				if command == "undo" {
					checkUndone(t, before, after)
				}
				for _, path := range []string{keeper, middle, victim} {
					wantContent(t, path, content)
				}
				if n := len(linkSets(after)); n != 3 {
					t.Errorf("%d inodes, want 3", n)
				}
				noLeftovers(t, after)
			})
		}
	}
}

// TestNarrowKilled: what a kill leaves of a copy goes with the next run, undo or not.
func TestNarrowKilled(t *testing.T) {
	t.Parallel()
	needTools(t, "strace")
	for _, next := range []string{"undo", "dedupe"} {
		for _, at := range []string{
			"copy_file_range:signal=KILL:when=1", "fsync:signal=KILL:when=1+", "fchmod:signal=KILL:when=1",
			"linkat:signal=KILL:when=1", "unlinkat:signal=KILL:when=1", "renameat:signal=KILL:when=1",
		} {
			t.Run(next+" "+at, func(t *testing.T) {
				t.Parallel()
				narrowKilled(t, next, at)
			})
		}
	}
}

func narrowKilled(t *testing.T, next, at string) {
	dir := tempDir(t)
	trio(t, dir)
	before, oneinode := Manifest(t, dir), Oneinode(t)
	oneinode.Dedupe(0, dir)
	under := slices.Concat(narrow(t), strace(t, []string{at}))
	if r := oneinode.RunUnder(under, "undo"); r.Code == 0 {
		t.Errorf("was not killed\n%s%s", r.Stdout, r.Stderr)
	}
	checkPaths(t, "killed", before, Manifest(t, dir))
	args := []string{next}
	if next == "dedupe" {
		args = append(args, dir)
	}
	oneinode.RunUnder(narrow(t), args...).want(t, 0)
	after := Manifest(t, dir)
	checkPaths(t, "next run", before, after)
	noLeftovers(t, after)
	if a, b := linkSets(before), linkSets(after); next == "undo" && !slices.Equal(a, b) {
		t.Errorf("%d inodes, there were %d", len(b), len(a))
	}
}

// TestNarrowKeepsOthers: a name that a copy could have had, but that leads to a file of
// the user's, stays.
func TestNarrowKeepsOthers(t *testing.T) {
	t.Parallel()
	needTools(t, "strace")
	dir := tempDir(t)
	keeper, _, _, _ := trio(t, dir)
	oneinode := Oneinode(t)
	oneinode.Dedupe(0, dir)
	under := slices.Concat(narrow(t), strace(t, []string{"copy_file_range:signal=KILL:when=1"}))
	oneinode.RunUnder(under, "undo")
	left := Leftovers(Manifest(t, dir))
	if len(left) == 0 || !strings.HasPrefix(filepath.Base(left[0]), ".oneinode-") {
		t.Fatalf("nothing was left of the copy: %q", left)
	}
	planted := filepath.Join(dir, left[0])
	must(t, os.Remove(planted))
	must(t, os.Link(keeper, planted))
	oneinode.RunUnder(narrow(t), "undo", "-q")
	if inode(t, planted) != inode(t, keeper) {
		t.Error("the planted name is another file now")
	}
}
