package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
)

func TestExitCode(t *testing.T) {
	stopped, cancel := context.WithCancelCause(t.Context())
	cancel(stoppedError{syscall.SIGTERM})
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{io.ErrUnexpectedEOF, 1},
		{syscall.EPIPE, 1},
		{usage("x"), 2},
		{fmt.Errorf("y: %w", usage("x")), 2},
		{errIncomplete, 3},
		{errLocked, 4},
		{errDuplicates, 10},
		{stoppedError{syscall.SIGINT}, 130},
		{stoppedError{syscall.SIGHUP}, 129},
		{causeOf(stopped, fmt.Errorf("walk: %w", context.Canceled)), 143},
		{causeOf(stopped, io.EOF), 1},
		{errors.Join(stoppedError{syscall.SIGTERM}, errIncomplete), 143},
		{&hintedError{err: io.EOF, hint: "h"}, 1},
	} {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("exitCode(%v) = %d, want %d", c.err, got, c.want)
		}
	}
}

// TestUntold: what needs no words hides nothing that does.
func TestUntold(t *testing.T) {
	fault := &hintedError{io.ErrUnexpectedEOF, "h"}
	for _, c := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{fmt.Errorf("y: %w", syscall.EPIPE), ""},
		{errors.Join(errIncomplete, errors.Join(errDuplicates, syscall.EPIPE)), ""},
		{errors.Join(errIncomplete, fault), "unexpected EOF"},
		{errors.Join(fault, errors.Join(syscall.EPIPE, io.EOF)), "unexpected EOF\nEOF"},
		{fmt.Errorf("%w: %w", errLocked, io.EOF), "another run holds the lock: EOF"},
	} {
		got := untold(c.err)
		if fmt.Sprint(cmp.Or(got, errors.New(""))) != c.want {
			t.Errorf("untold(%v) = %v, want %s", c.err, got, c.want)
		}
	}
	if hintOf(untold(errors.Join(errIncomplete, fault))) != "h" {
		t.Error("the hint is lost")
	}
}

// The help tells every code that exitCode can give.
func TestExitHelp(t *testing.T) {
	for _, code := range []int{0, 1, 2, 3, 4, 10, 129, 130, 143} {
		if !strings.Contains(exitHelp(), fmt.Sprintf("\n  %3d  ", code)) {
			t.Errorf("the help does not tell %d", code)
		}
	}
}
