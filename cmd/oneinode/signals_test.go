package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"
)

// signalChild names the program of signalChildren that a test of signals has started.
const signalChild = "ONEINODE_SIGNAL_CHILD"

var signalChildren = map[string]func(){"hang": hang, "unread": unread}

// The first signal ends the context and tells which it was; the second ends a
// program that hangs, at once. What such an end leaves behind is the same as
// after kill -9, which realfs tests.
func TestSignals(t *testing.T) {
	// The test may be run under nohup, and what is ignored stays so in a new program.
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP)
	defer signal.Stop(caught)
	for _, c := range []struct {
		signal syscall.Signal
		name   string
	}{{syscall.SIGINT, "SIGINT"}, {syscall.SIGTERM, "SIGTERM"}, {syscall.SIGHUP, "SIGHUP"}} {
		t.Run(c.name, func(t *testing.T) {
			child := exec.Command(os.Args[0])
			child.Env = append(os.Environ(), signalChild+"=hang")
			out, err := child.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(out)
			expect := func(want string) {
				if lines.Scan(); lines.Text() != want {
					t.Errorf("%q, want %q", lines.Text(), want)
				}
			}
			expect("ready")
			child.Process.Signal(syscall.SIGUSR1)
			expect("status")
			child.Process.Signal(c.signal)
			expect("stopped by " + c.name)
			start := time.Now()
			child.Process.Signal(syscall.SIGINT)
			err = child.Wait()
			if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 130 || time.Since(start) > 20*time.Second { // of the minute that it would sleep
				t.Errorf("%v after %v, want exit code 130 at once", err, time.Since(start))
			}
		})
	}
}

// A signal stops also a program that cannot get rid of its status: the pipe is full.
func TestSignalAfterStatus(t *testing.T) {
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), signalChild+"=unread")
	out, err := child.Output()
	if err != nil || string(out) != "stopped by SIGTERM\n" {
		t.Errorf("%q, %v", out, err)
	}
}

// unread is a program whose status is said to nobody. It sends itself signals.
func unread() {
	asked := make(chan bool)
	ctx, _ := withSignals(func() { close(asked); select {} }, func() {})
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	<-asked
	syscall.Kill(os.Getpid(), syscall.SIGTERM)
	select {
	case <-ctx.Done():
		fmt.Println(context.Cause(ctx))
	case <-time.After(10 * time.Second):
	}
	os.Exit(0)
}

// hang is a program that does not stop when its context ends.
func hang() {
	ctx, _ := withSignals(func() { fmt.Println("status") }, func() {})
	fmt.Println("ready")
	<-ctx.Done()
	fmt.Println(context.Cause(ctx))
	time.Sleep(time.Minute)
	os.Exit(1)
}
