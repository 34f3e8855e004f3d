package main

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"
)

// What a state directory refuses is told with what helps.
func TestStateDirHints(t *testing.T) {
	denied := &fs.PathError{Op: "open", Path: "state/runs", Err: syscall.EACCES}
	for _, c := range []struct {
		err  error
		hint string
	}{
		{stateFault(denied), "run as the user whose runs these are"},
		{stateFault(errors.Join(denied, denied)), "run as the user whose runs these are"},
		{lockFault(denied), "that you may write to"},
		{lockFault(syscall.ENOSPC), "with room"},
	} {
		if !strings.Contains(hintOf(c.err), c.hint) {
			t.Errorf("%v: hint %q, want %q", c.err, hintOf(c.err), c.hint)
		}
	}
	if stateFault(nil) != nil {
		t.Error("a fault of nothing")
	}
}
