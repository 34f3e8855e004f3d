package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestStopWhileReading: one signal ends a command that reads what has no end: a journal, or
// a saved scan.
func TestStopWhileReading(t *testing.T) {
	const run = "20260101T000000Z-01234567"
	for _, args := range [][]string{
		{"runs"}, {"verify"}, {"verify", run}, {"undo"}, {"undo", "-n", run},
		{"report"}, {"report", "--view", "dirs"}, {"report", "-o", "x.html"},
	} {
		t.Run(fmt.Sprint(args), func(t *testing.T) {
			dir := t.TempDir()
			fifo, runs := filepath.Join(dir, "fifo"), filepath.Join(dir, "state", "runs")
			failed := errors.Join(syscall.Mkfifo(fifo, 0o600), os.MkdirAll(runs, 0o700), os.Symlink(fifo, filepath.Join(runs, run+".journal")))
			if failed != nil {
				t.Fatal(failed)
			}
			if args[0] == "report" {
				args = append(args[:len(args):len(args)], fifo)
			} else {
				args = append(args[:len(args):len(args)], "--state-dir", filepath.Join(dir, "state"))
			}
			child := command(t, dir, args...)
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			defer await(t, fifo).Close()
			expectStop(t, child)
			if there, err := os.ReadDir(dir); err != nil || len(there) != 2 {
				t.Errorf("%v, %v, want the FIFO and the state directory alone", there, err)
			}
		})
	}
}

// TestStopWhileWriting: one signal ends what tells its results to nobody.
func TestStopWhileWriting(t *testing.T) {
	dir := longNames(t)
	if text, err := command(t, dir, "scan", "--no-cache", "-q", "-o", "saved.json", ".").Output(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	for _, args := range [][]string{
		{"report", "-v", "saved.json"}, {"scan", "-v", "--no-cache", "."}, {"dedupe", "-n", "-v", "--no-cache", "."},
		{"dedupe", "-v", "--no-cache", "--state-dir", "state", "."},
	} {
		t.Run(fmt.Sprint(args), func(t *testing.T) { stopUnread(t, command(t, dir, args...)) })
	}
}

// TestStopWhileVerifying: so it does where that is told while there is more to read.
func TestStopWhileVerifying(t *testing.T) {
	dir := longNames(t)
	if text, err := command(t, dir, "dedupe", "--no-cache", "-q", "--state-dir", "state", ".").Output(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if err := os.WriteFile(filepath.Join(dir, longName(0)), []byte("y"), 0o600); err != nil {
		t.Fatal(err)
	}
	stopUnread(t, command(t, dir, "verify", "--state-dir", "state"))
}

func longName(i int) string { return fmt.Sprintf("%0100d", i) }

// longNames makes equal files whose paths are more than a pipe holds.
func longNames(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for i := range 1000 {
		if err := os.WriteFile(filepath.Join(dir, longName(i)), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// stopUnread stops a child that nobody reads but for its first byte.
func stopUnread(t *testing.T, child *exec.Cmd) {
	t.Helper()
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	expectStop(t, child)
}

// patience is how long a program may take before it counts as hanging.
const patience = 5 * time.Minute

// command is the program, which is ended if it does not end.
func command(t *testing.T, dir string, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, os.Args[0])
	c.Args, c.Dir, c.Stderr = append([]string{"oneinode"}, args...), dir, &bytes.Buffer{}
	return c
}

// await opens a FIFO once the program reads it.
func await(t *testing.T, fifo string) *os.File {
	t.Helper()
	for start := time.Now(); time.Since(start) < patience; time.Sleep(time.Millisecond) {
		fd, err := syscall.Open(fifo, syscall.O_WRONLY|syscall.O_NONBLOCK, 0)
		if err == nil {
			return os.NewFile(uintptr(fd), fifo)
		}
	}
	t.Fatal("nobody reads " + fifo)
	return nil
}

func expectStop(t *testing.T, child *exec.Cmd) {
	t.Helper()
	if err := child.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	err := child.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 130 {
		t.Errorf("%v, want exit code 130: %s", err, child.Stderr)
	}
}
