package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/oneinode/oneinode/report/output"
	"github.com/oneinode/oneinode/report/show"
	"github.com/oneinode/oneinode/report/talk"
	"github.com/oneinode/oneinode/scan"
)

// outputFault tells a wrong name of -o, which is a matter of usage, from a file
// that cannot be written.
func outputFault(err error) error {
	if _, ok := errors.AsType[*output.Error](err); !ok {
		return usage("-o %w", err)
	}
	hint := talk.HintLimit(err)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		hint = "make its directory first"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		hint = "name a file in a directory that you may write to"
	case isFull(err):
		hint = "the old file, if there was one, is unharmed; name a file on a filesystem with room"
	}
	return &hintedError{err: err, hint: hint}
}

// isFull reports whether a disk, or the user's share of it, has no room left.
func isFull(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

func stdoutFault(err error) error {
	if err == nil || errors.Is(err, syscall.EPIPE) {
		return err
	}
	return stdoutError(err)
}

func stdoutError(err error) error {
	return fmt.Errorf("cannot write to standard output: %w", show.PathError("", err))
}

// endBefore words the end of a run before anything was replaced.
func endBefore(ctx context.Context, err error) error {
	err = causeOf(ctx, err)
	if stopped, ok := errors.AsType[stoppedError](err); ok {
		return fmt.Errorf("%w: no file was changed", stopped)
	}
	return err
}

// scanFault tells which PATHs could not be used, and what can be done about the first of them
// that something can be done about.
func scanFault(err error) error {
	all, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err
	}
	var told []error
	hint := ""
	for _, one := range all.Unwrap() {
		if root, ok := errors.AsType[*scan.RootError](one); ok {
			one, hint = show.PathError(root.Path, root.Err), cmp.Or(hint, root.Hint, hintMissing(root.Path, root.Err), talk.HintLimit(root.Err))
		}
		told = append(told, one)
	}
	return &hintedError{errors.Join(told...), hint}
}

// hintMissing is for words that a shell was to make others of.
func hintMissing(path string, err error) string {
	switch {
	case !errors.Is(err, fs.ErrNotExist):
		return ""
	case isTilde(path):
		return tildeHint
	case strings.ContainsAny(path, "*?["):
		return "no file matches that glob, or it is in quotes: oneinode takes globs only in --include and --exclude"
	}
	return ""
}
