package realfs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long a run may take before it counts as hanging.
const patience = 5 * time.Minute

// Program is oneinode with state of its own, so that tests run side by side.
type Program struct {
	t     testing.TB
	path  string
	State string
	As    *syscall.Credential // nil = as the test itself
}

// Oneinode returns the built program.
func Oneinode(t testing.TB) *Program {
	t.Helper()
	path, err := program()
	must(t, err)
	state := filepath.Join(tempDir(t), "state")
	must(t, os.Mkdir(state, 0o755))
	return &Program{t: t, path: path, State: state}
}

// OneinodeOf is Oneinode for a user other than root, who may write to the state directory.
func OneinodeOf(t testing.TB, id int) *Program {
	t.Helper()
	p := Oneinode(t)
	must(t, os.Chown(p.State, id, id))
	p.As = &syscall.Credential{Uid: uint32(id), Gid: uint32(id)}
	return p
}

// Result is how a run ended. Code is 128 + the signal's number when it was killed.
type Result struct {
	args           []string
	Stdout, Stderr string
	Code           int
}

// want fails unless the run ended with an exit code.
func (r Result) want(t testing.TB, code int) Result {
	t.Helper()
	if r.Code != code {
		t.Errorf("oneinode %q: exit code %d, want %d\n%.2000s\n%s", r.args, r.Code, code, r.Stdout, r.trouble())
	}
	return r
}

// Summary is the part of the JSON that the tests compare with the filesystem.
type Summary struct {
	Sets             int64 `json:"sets"`
	DuplicateInodes  int64 `json:"duplicate_inodes"`
	RedundantBytes   int64 `json:"redundant_bytes"`
	ReclaimableBytes int64 `json:"reclaimable_bytes"`
	Linked           int64 `json:"linked"`
	FreedBytes       int64 `json:"freed_bytes"`
	Skipped          int64 `json:"skipped"`
	Failed           int64 `json:"failed"`
	BytesRead        int64 `json:"bytes_read"`
}

// args adds what keeps a run inside its test; a scan has no state. A run takes files that were
// made just now at once, without the rest that would give others time to take them away.
func (p *Program) args(args []string) []string {
	if args[0] == "scan" {
		return args
	}
	own := []string{args[0], "--state-dir", p.State}
	if args[0] == "dedupe" && !slices.Contains(args, "--from") && !slices.Contains(args, "--min-age") {
		own = append(own, "--min-age", "0s")
	}
	return append(own, args[1:]...)
}

// Command prepares a run that ends with ctx, by SIGKILL. before is what stands
// in front of the program: strace and its flags, say.
func (p *Program) Command(ctx context.Context, before []string, args ...string) *exec.Cmd {
	p.t.Helper()
	line := append(append(before[:len(before):len(before)], p.path), p.args(args)...)
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+p.State, "XDG_STATE_HOME="+p.State, "HOME="+p.State)
	// A session of its own: a kill reaches strace and what it traces, and the kernel gives a run with
	// --idle its share of a busy machine (sched(7), the autogroup feature).
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: p.As}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	awaitForks()
	return cmd
}

// awaitForks waits until whatever other tests are starting is started. Between fork and exec it has
// open what any test was writing to at that moment, and the run would find that file open for writing.
func awaitForks() {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
}

// Run runs a command to its end.
func (p *Program) Run(args ...string) Result {
	p.t.Helper()
	return p.RunUnder(nil, args...)
}

// RunUnder runs a command under another program.
func (p *Program) RunUnder(before []string, args ...string) Result {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	cmd := p.Command(ctx, before, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		p.t.Fatalf("oneinode %q hangs: no end after %v\n%s", args, patience, stderr.String())
	}
	return Result{args: args, Stdout: stdout.String(), Stderr: stderr.String(), Code: p.code(err)}
}

// code turns the end of a process into what a shell would show.
func (p *Program) code(err error) int {
	p.t.Helper()
	if err == nil {
		return 0
	}
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		p.t.Fatal(err)
	}
	if status := exit.Sys().(syscall.WaitStatus); status.Signaled() {
		return 128 + int(status.Signal())
	}
	return exit.ExitCode()
}

// Dedupe runs dedupe, wants the exit code and returns the summary.
func (p *Program) Dedupe(code int, args ...string) Summary {
	p.t.Helper()
	return p.Run(append([]string{"dedupe", "--format", "json"}, args...)...).want(p.t, code).summary(p.t)
}

// Scan runs scan and returns the summary.
func (p *Program) Scan(args ...string) Summary {
	p.t.Helper()
	return p.Run(append([]string{"scan", "--format", "json"}, args...)...).want(p.t, 0).summary(p.t)
}

func (r Result) summary(t testing.TB) Summary {
	t.Helper()
	var document struct{ Summary Summary }
	if err := json.NewDecoder(strings.NewReader(r.Stdout)).Decode(&document); err != nil {
		t.Fatalf("not JSON: %v\n%.2000s\n%s", err, r.Stdout, r.trouble())
	}
	return document.Summary
}

// trouble is the beginning of what the run said on stderr.
func (r Result) trouble() string {
	return fmt.Sprintf("%.2000s", r.Stderr)
}
