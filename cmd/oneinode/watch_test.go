package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/report"
	"github.com/oneinode/oneinode/report/talk"
)

// TestWatch: SIGUSR1 is answered while undo, split or verify is at work, though nothing is
// shown, and not after it.
func TestWatch(t *testing.T) {
	stderr, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	a := &app{stderr: stderr}
	flags := newWatchFlags()
	flags.progress.value = report.Never
	w := a.watch(flags, true)
	w.progress.BeginNames(talk.Copying, 4)
	w.tellPath(false)(dedupe.UndoOutcome{Kind: dedupe.Linked, Bytes: 4096})
	a.tellStatus()
	w.close()
	a.tellStatus()
	text, err := os.ReadFile(stderr.Name())
	if want := "oneinode: copying  25% [===>            ]  1 of 4 names · 4.0 KiB copied\n"; err != nil || string(text) != want {
		t.Errorf("%q, %v; want %q", text, err, want)
	}
}
