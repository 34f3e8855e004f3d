// Package realfs_test runs the built program on real filesystems: ext4, xfs,
// btrfs, tmpfs and overlayfs, full disks, failing system calls, kills and
// hostile neighbours. What it believes about a tree it reads with plain code of
// its own (Manifest), never with the program's packages.
//
// Filesystems need root. Without it, or where a tool or a kernel filesystem is
// missing, a test skips with the reason; with CI=true and root a missing one is
// a failure, so that nothing is left out unseen.
package realfs_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// base holds everything that the tests make; any user may look into it.
var base string

const inNamespace = "ONEINODE_REALFS_NAMESPACE"

// sideBySide is how many tests run at a time unless -parallel says otherwise: they wait
// for processes, flushes and moments more than they compute.
const sideBySide = "4"

func TestMain(m *testing.M) {
	enterNarrow()
	enterNamespace()
	dir, err := os.MkdirTemp("", "oneinode-realfs-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Chmod(dir, 0o755)
	syscall.Umask(0o022)
	base = dir
	if own, err := ownDisk(dir); err == nil {
		base = own
	}
	flag.Set("test.parallel", sideBySide)
	code := m.Run()
	err = os.RemoveAll(base)
	unix.Unmount(dir, unix.MNT_DETACH) // with what is mounted beneath
	if err := errors.Join(err, os.RemoveAll(dir)); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, "clean-up:", err)
		code = 1
	}
	os.Exit(code)
}

// ownDisk makes an ext4 in memory and returns a directory there. A run flushes the whole
// filesystem that it works on: on the one of everybody else it would wait for what they
// write, and they for it.
func ownDisk(dir string) (own string, err error) {
	if os.Getenv(inNamespace) == "" {
		return "", errors.New("mounts would stay behind")
	}
	if memoryMiB() < 8192 {
		return "", errors.New("its files might take half of what there is")
	}
	if err := unix.Mount("none", dir, "tmpfs", 0, "mode=755"); err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			unix.Unmount(dir, unix.MNT_DETACH)
		}
	}()
	disk, image := filepath.Join(dir, "disk"), filepath.Join(dir, "image")
	own = filepath.Join(disk, "tests")
	return own, errors.Join(os.Mkdir(disk, 0o755), os.WriteFile(image, nil, 0o600), os.Truncate(image, 4096*mib),
		exec.Command("mkfs.ext4", "-q", "-F", "-m", "0", image).Run(),
		exec.Command("mount", "-o", "loop,discard", image, disk).Run(), // discard: what is removed takes no memory
		os.Mkdir(own, 0o755))
}

// memoryMiB is how much memory is there to be used, 0 if that is not told (proc_meminfo(5)).
func memoryMiB() (n int64) {
	text, _ := os.ReadFile("/proc/meminfo")
	_, rest, _ := strings.Cut(string(text), "MemAvailable:")
	fmt.Sscan(rest, &n)
	return n >> 10
}

// enterNamespace starts this program anew in a mount namespace of its own: its
// mounts, and with them the loop devices, end with it, however it ends.
func enterNamespace() {
	if os.Geteuid() != 0 || os.Getenv(inNamespace) != "" {
		return
	}
	self, err := os.Executable() // in a chroot it would be named from elsewhere afterwards
	if err != nil {
		return
	}
	failed := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: a thread in a namespace of its own must not run tests
		failed <- startApart(self)
	}()
	fmt.Fprintln(os.Stderr, "no mount namespace:", <-failed) // then mounting says why it cannot be done
}

// startApart returns only if it fails.
func startApart(self string) error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return err
	}
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	return syscall.Exec(self, os.Args, append(os.Environ(), inNamespace+"=1"))
}

// needRoot skips a test that only root can do.
func needRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: makes and mounts filesystems, changes owners")
	}
}

// needTools asks for programs of the machine.
func needTools(t testing.TB, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			missing(t, "program %s is not installed (as root, make test installs it)", tool)
		}
	}
}

// missing skips, or fails where everything must be there.
func missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" && os.Geteuid() == 0 {
		t.Fatalf("CI=true: "+format, args...)
	}
	t.Skipf(format, args...)
}

// tempDir is t.TempDir with a path that every user may enter, and without
// removal of what is mounted beneath it.
func tempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(base, "t-")
	must(t, err)
	must(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Logf("clean-up: %v", err)
		}
	})
	return dir
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// program builds oneinode once for all tests; ONEINODE names one that is built already.
var program = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("ONEINODE"); path != "" {
		return filepath.Abs(path)
	}
	path := filepath.Join(base, "oneinode")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", path, "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		os.Stderr.Write(out) // once; each test tells the error
		return "", fmt.Errorf("oneinode does not build: %w", err)
	}
	return path, nil
})
