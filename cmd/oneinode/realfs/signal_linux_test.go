package realfs_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestSignal: SIGINT and SIGTERM end a run within two seconds, wherever it is,
// with everything consistent and its own exit code.
func TestSignal(t *testing.T) {
	t.Parallel()
	for _, end := range []struct {
		signal syscall.Signal
		code   int
	}{{syscall.SIGINT, 130}, {syscall.SIGTERM, 143}} {
		t.Run(fmt.Sprint(end.code, " replacing"), func(t *testing.T) {
			t.Parallel()
			signalReplacing(t, end.signal, end.code)
		})
		t.Run(fmt.Sprint(end.code, " reading"), func(t *testing.T) {
			t.Parallel()
			signalReading(t, end.signal, end.code)
		})
	}
}

func signalReplacing(t *testing.T, signal syscall.Signal, code int) {
	dir := tempDir(t)
	makeCopies(t, dir, 100, 100)
	before := Manifest(t, dir)
	oneinode, names := Oneinode(t), watchNames(t, dir)
	run := oneinode.Start(nil, "dedupe", "-q", dir)
	names.temporary(run.done)
	time.Sleep(30 * time.Millisecond)
	stopped(t, run, signal, code)
	after := Manifest(t, dir)
	CheckSame(t, before, after)
	noLeftovers(t, after)
	t.Logf("%d of %d inodes were left to do", Unmerged(after, nil), Unmerged(before, nil))
	oneinode.Dedupe(0, dir)
	after = Manifest(t, dir)
	CheckSame(t, before, after)
	if n := Unmerged(after, nil); n != 0 {
		t.Errorf("the next run leaves %d inodes that could go", n)
	}
}

// signalReading stops a run that would read holes for minutes.
func signalReading(t *testing.T, signal syscall.Signal, code int) {
	dir := holes(t)
	run := Oneinode(t).Start(nil, "dedupe", "-q", dir)
	awaitReading(t, run.cmd.Process.Pid, dir)
	stopped(t, run, signal, code)
}

// awaitReading waits until a process has a file of a directory open: then it has long begun to
// catch signals.
func awaitReading(t testing.TB, pid int, dir string) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(dir)
	must(t, err)
	for start := time.Now(); time.Since(start) < patience; time.Sleep(time.Millisecond) {
		list, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		for _, fd := range list {
			if path, err := os.Readlink(fd); err == nil && filepath.Dir(path) == dir {
				return
			}
		}
	}
	t.Fatal("no file is read")
}

func stopped(t *testing.T, run *running, signal syscall.Signal, code int) {
	t.Helper()
	start := time.Now()
	run.kill(signal)
	r := run.wait()
	if r.Code != code {
		t.Errorf("exit code %d, want %d\n%s", r.Code, code, r.trouble())
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("stopped after %v", took)
	}
}

// TestSignalList: a signal ends a run that waits for the rest of its list.
func TestSignalList(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	must(t, err)
	t.Cleanup(func() { r.Close(); w.Close() })
	program := Oneinode(t) // which may have to be built first
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	run := &running{p: program, cmd: program.Command(ctx, nil, "dedupe", "--files-from", "-"), done: make(chan struct{})}
	run.cmd.Stdin = r
	run.begin(cancel)
	_, err = w.WriteString("/somewhere\n")
	must(t, err)
	awaitRead(t, r)
	stopped(t, run, syscall.SIGTERM, 143)
	if got := run.stderr.String(); got != "oneinode: stopped by SIGTERM\n" {
		t.Errorf("%q", got)
	}
}

// awaitRead waits until a pipe is empty.
func awaitRead(t testing.TB, pipe *os.File) {
	t.Helper()
	for start := time.Now(); time.Since(start) < patience; time.Sleep(time.Millisecond) {
		if n, err := unix.IoctlGetInt(int(pipe.Fd()), unix.TIOCINQ); err != nil || n == 0 {
			must(t, err)
			return
		}
	}
	t.Fatal("nobody reads")
}

// TestLock: a second run at the same time ends with its own exit code and
// changes nothing.
func TestLock(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	makeCopies(t, dir, 4, 25)
	before := Manifest(t, dir)
	oneinode := Oneinode(t)
	_, first := oneinode.replacing(dir, []string{"unlinkat:delay_enter=50ms"}, "dedupe", "-q", dir)
	oneinode.Run("dedupe", dir).want(t, 4)
	first.wait().want(t, 0)
	after := Manifest(t, dir)
	CheckSame(t, before, after)
	allMerged(t, after, nil)
}
