package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// Exit codes; exitHelp explains them to the user.
const (
	exitDone       = 0
	exitFailed     = 1
	exitUsage      = 2
	exitIncomplete = 3
	exitLocked     = 4
	exitDuplicates = 10
	signalled      = 128 // plus the signal's number, as shells count
)

// exitHelp is the one list of exit codes.
func exitHelp() string {
	var b strings.Builder
	b.WriteString("Exit codes:\n")
	for _, e := range []struct {
		code    int
		meaning string
	}{
		{exitDone, "done, also when there was nothing to do"},
		{exitFailed, "could not be done"},
		{exitUsage, "wrong usage"},
		{exitIncomplete, "done, but some files could not be handled, or verify found a change"},
		{exitLocked, "another run holds the lock"},
		{exitDuplicates, "duplicates were found (scan --exit-code)"},
		{signalled + int(syscall.SIGHUP), "stopped by SIGHUP, everything consistent"},
		{signalled + int(syscall.SIGINT), "stopped by SIGINT, everything consistent"},
		{signalled + int(syscall.SIGTERM), "stopped by SIGTERM, everything consistent"},
	} {
		fmt.Fprintf(&b, "  %3d  %s\n", e.code, e.meaning)
	}
	return b.String()
}

// Ends of a run that are told already, or need no words.
var (
	errIncomplete = errors.New("some files could not be handled")
	errDuplicates = errors.New("duplicates were found")
	errLocked     = errors.New("another run holds the lock")
)

// usageError is a fault in how the program was called.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// hintedError is an error that the user can do something about.
type hintedError struct {
	err  error
	hint string
}

func (e *hintedError) Error() string { return e.err.Error() }
func (e *hintedError) Unwrap() error { return e.err }

// exitCode is the one way from an error to an exit code.
func exitCode(err error) int {
	if err == nil {
		return exitDone
	}
	if stopped, ok := errors.AsType[stoppedError](err); ok {
		return signalled + int(stopped.signal)
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	switch {
	case errors.Is(err, errIncomplete):
		return exitIncomplete
	case errors.Is(err, errLocked):
		return exitLocked
	case errors.Is(err, errDuplicates):
		return exitDuplicates
	}
	return exitFailed
}

// isSilent reports whether the user knows of err already, or does not want to:
// a reader that has closed the pipe has seen enough.
func isSilent(err error) bool {
	return errors.Is(err, errIncomplete) || errors.Is(err, errDuplicates) || errors.Is(err, syscall.EPIPE)
}

// untold returns what has to be said of err, nil if that is nothing. Of several errors a
// silent one hides none of the others.
func untold(err error) error {
	if !isSilent(err) {
		return err
	}
	var left []error
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			left = append(left, untold(one))
		}
	}
	return errors.Join(left...)
}

// hintOf returns what the user can do, "" if there is nothing to add.
func hintOf(err error) string {
	if h, ok := errors.AsType[*hintedError](err); ok {
		return h.hint
	}
	return ""
}

// causeOf replaces the error of an ended context by what ended it.
func causeOf(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Canceled)) {
		return context.Cause(ctx)
	}
	return err
}
