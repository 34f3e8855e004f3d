package realfs_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// holes makes files that take minutes to read, and no space.
func holes(t *testing.T) string {
	t.Helper()
	dir := tempDir(t)
	for i := range 4 {
		path := filepath.Join(dir, fmt.Sprint(i))
		must(t, os.WriteFile(path, nil, 0o644))
		must(t, os.Truncate(path, 64<<30))
	}
	return dir
}

// heedHangUp has what the test starts heed SIGHUP, though the test itself may be run
// under nohup: a signal that is ignored stays so in a new program, one that is caught not.
func heedHangUp(t *testing.T) {
	t.Helper()
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(caught) })
}

// TestHangUp: SIGHUP stops as SIGTERM does; under nohup it does not.
func TestHangUp(t *testing.T) {
	t.Parallel()
	heedHangUp(t)
	signalReading(t, syscall.SIGHUP, 129)

	needTools(t, "nohup")
	dir := holes(t)
	run := Oneinode(t).Start([]string{"nohup"}, "dedupe", "-q", dir)
	awaitReading(t, run.cmd.Process.Pid, dir)
	run.kill(syscall.SIGHUP)
	select {
	case <-run.done:
		t.Error("ended though SIGHUP is ignored")
	case <-time.After(300 * time.Millisecond):
	}
	stopped(t, run, syscall.SIGTERM, 143)
}

// TestStatus: SIGUSR1 tells how far a run is, though it shows no progress.
func TestStatus(t *testing.T) {
	t.Parallel()
	dir, oneinode := holes(t), Oneinode(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	run := oneinode.Command(ctx, nil, "dedupe", "-q", "--progress", "never", dir)
	stderr, err := run.StderrPipe()
	must(t, err)
	must(t, run.Start())
	awaitReading(t, run.Process.Pid, dir)
	must(t, run.Process.Signal(syscall.SIGUSR1))
	text, err := bufio.NewReader(stderr).ReadString('\n')
	for _, want := range []string{"reading", "of at most 256", "files"} {
		if !strings.Contains(text, want) || strings.Contains(text, "\x1b") {
			t.Errorf("no %q, or control characters, in %q, %v", want, text, err)
		}
	}
	must(t, run.Process.Signal(syscall.SIGTERM))
	if err := run.Wait(); run.ProcessState.ExitCode() != 143 {
		t.Errorf("%v, want exit code 143", err)
	}
}

// TestStatusOfUndo: undo, split and verify show it, too, where that is asked for.
func TestStatusOfUndo(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	copies(t, dir, 20, 5000)
	oneinode := Oneinode(t)
	oneinode.Dedupe(0, dir)
	for _, c := range []struct {
		delayed, want string
		args          []string
	}{
		{"pread64", "checking", []string{"verify"}},
		{"pread64", "checking", []string{"undo", "-n"}},
		{"fsync", "copying", []string{"split", filepath.Join(dir, "copy-00000")}},
		{"fsync", "copying", []string{"undo"}},
	} {
		if r := oneinode.RunUnder(strace(t, []string{c.delayed + ":delay_enter=400000"}), append(c.args, "--progress", "always")...); r.Code != 0 || !strings.Contains(r.Stderr, c.want) {
			t.Errorf("%v: exit code %d, no %q in %q", c.args, r.Code, c.want, r.Stderr)
		}
	}
}

// TestPace: --io-limit holds, and --idle lowers every thread.
func TestPace(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	for i := range 2 {
		must(t, os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), bytes.Repeat([]byte("0123456789abcdef"), 1<<17), 0o644))
	}
	start := time.Now()
	sum := Oneinode(t).Dedupe(0, "--io-limit", "2M", dir)
	if took := time.Since(start); sum.Linked != 1 || took < 1500*time.Millisecond {
		t.Errorf("%d linked; 4 MiB at 2 MiB a second took %v", sum.Linked, took)
	}
	dir = holes(t)
	run := Oneinode(t).Start(nil, "dedupe", "-q", "--idle", dir)
	awaitReading(t, run.cmd.Process.Pid, dir)
	var tasks []string
	for start := time.Now(); len(tasks) < 4 && time.Since(start) < patience; {
		tasks, _ = filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", run.cmd.Process.Pid))
	}
	for _, task := range tasks {
		text, _ := os.ReadFile(task)
		_, after, _ := strings.Cut(string(text), ") ")
		// proc_pid_stat(5): field 19 is nice, field 41 the policy; 5 is SCHED_IDLE.
		if f := strings.Fields(after); len(f) > 38 && (f[16] != "19" || f[38] != "5") {
			t.Errorf("%s: nice %s, policy %s", task, f[16], f[38])
		}
	}
	if len(tasks) < 4 {
		t.Errorf("%d threads", len(tasks))
	}
	run.kill(syscall.SIGKILL) // an idle one may not get to heed another signal on a busy machine
	run.wait()
}

// TestIdleUnknown: that the policy cannot be asked for, or does not stay, is told, and
// ends nothing.
func TestIdleUnknown(t *testing.T) {
	t.Parallel()
	for _, inject := range []string{"sched_getattr:error=ENOSYS", "sched_setattr:retval=0"} {
		r := Oneinode(t).RunUnder(strace(t, []string{inject}), "scan", "-q", "--idle", tempDir(t))
		if r.Code != 0 || !strings.Contains(r.Stderr, "--idle: the priority could not be lowered") {
			t.Errorf("%s: exit code %d\n%s", inject, r.Code, r.trouble())
		}
	}
}
