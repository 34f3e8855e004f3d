package main

import (
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

// The help tells every code that exitCode can give.
func TestExitHelp(t *testing.T) {
	for _, code := range []int{0, 1, 2, 3, 4, 10, 129, 130, 143} {
		if !strings.Contains(exitHelp(), fmt.Sprintf("\n  %3d  ", code)) {
			t.Errorf("the help does not tell %d", code)
		}
	}
}
