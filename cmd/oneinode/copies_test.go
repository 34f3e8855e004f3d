package main

import (
	"os"
	"syscall"
	"testing"

	"github.com/oneinode/oneinode/dedupe"
)

// TestCopiesToldToNobody: what ended an undo is told although nobody reads its output any more:
// a Ctrl-C also ends the tee that did.
func TestCopiesToldToNobody(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	read.Close()
	defer write.Close()
	opts := newCopyFlags()
	w := (&app{stdout: write, stderr: os.Stderr}).watch(opts.watchFlags, false)
	err = w.tellCopies(t.Context(), dedupe.UndoTotals{}, stoppedError{syscall.SIGINT}, opts)
	if code, told := exitCode(err), untold(err); code != 130 || told == nil || told.Error() != "stopped by SIGINT" {
		t.Errorf("exit code %d, told %v", code, told)
	}
}
