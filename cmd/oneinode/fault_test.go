package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/oneinode/oneinode/scan"
)

// What a state directory refuses is told with what helps.
func TestStateDirHints(t *testing.T) {
	denied := &fs.PathError{Op: "open", Path: "state/runs", Err: syscall.EACCES}
	limited := &fs.PathError{Op: "open", Path: "state/locks/8-1.lock", Err: syscall.EMFILE}
	for _, c := range []struct {
		err  error
		hint string
	}{
		{stateFault(denied), "run as the user whose runs these are"},
		{stateFault(errors.Join(denied, denied)), "run as the user whose runs these are"},
		{cacheFault(denied), "with --cache-dir"},
		{lockFault(denied), "that you may write to"},
		{lockFault(syscall.ENOSPC), "with room"},
		{lockFault(limited), "ulimit -n"},
		{lockFault(&fs.PathError{Op: "flock", Path: "state/locks/8-1.lock", Err: syscall.ENOLCK}), "another filesystem"},
		{journalFault(&fs.PathError{Op: "sync", Path: "state/runs", Err: syscall.EIO}), "another filesystem"},
		{journalFault(denied), "that you may write to"},
		{journalFault(syscall.EDQUOT), "with room"},
		{undoLockFault(limited), "ulimit -n"},
		{undoLockFault(denied), "make it writable"},
		{journalFault(limited), "ulimit -n"},
		{journalFault(syscall.EFBIG), "ulimit -f"},
		{fullFault(&fs.PathError{Op: "write", Path: "j", Err: syscall.EFBIG}), "raise the limit of file sizes: ulimit -f; then run it again"},
		{fullFault(&fs.PathError{Op: "write", Path: "j", Err: syscall.ENOSPC}), "make room there; then run it again"},
	} {
		if !strings.Contains(hintOf(c.err), c.hint) {
			t.Errorf("%v: hint %q, want %q", c.err, hintOf(c.err), c.hint)
		}
	}
	if err := fullFault(fmt.Errorf("the copies: %w", syscall.ENOSPC)); strings.Contains(err.Error(), "journal") || hintOf(err) != "" {
		t.Errorf("copies are taken for a journal: %v, hint %q", err, hintOf(err))
	}
	if stateFault(nil) != nil {
		t.Error("a fault of nothing")
	}
}

// A PATH that cannot be opened for a limit of this process is told with that limit.
func TestPathLimitHint(t *testing.T) {
	err := scanFault(errors.Join(&scan.RootError{Path: "pictures", Err: syscall.EMFILE}))
	if !strings.Contains(err.Error(), "pictures: too many open files") || !strings.Contains(hintOf(err), "ulimit -n") {
		t.Errorf("%v: hint %q", err, hintOf(err))
	}
}
