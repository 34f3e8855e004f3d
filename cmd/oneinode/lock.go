package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/dedupe/lock"
	"github.com/oneinode/oneinode/report/show"
	"github.com/oneinode/oneinode/report/talk"
	"github.com/oneinode/oneinode/scan"
)

// lockFlag is shared by all commands that change files.
type lockFlag struct{ wait durationFlag }

func newLock() lockFlag { return lockFlag{newParsed("DURATION", "", 0, parseDuration)} }

func (l *lockFlag) addFlags(f *pflag.FlagSet) {
	f.Var(&l.wait, "lock-wait", "wait up to this time for another run on the same filesystem, instead of ending with exit code 4 at once")
}

// newLocks makes the locks of this process, which tells whom it waits for.
func (w *watched) newLocks(stateDir string) *lock.Set {
	locks := lock.New(stateDir, lock.Holder{PID: os.Getpid(), Command: show.ShellCommand(os.Args...), Started: time.Now().UTC()})
	locks.OnWait = func(held *lock.HeldError) {
		w.progress.Begin(talk.Waiting)
		if !w.quiet {
			w.troubles.Note("waits for the lock: " + held.Error())
		}
	}
	return locks
}

// takeLocks locks the devices, or says who else has one of them. fault tells what can be done
// where a lock cannot even be made.
func takeLocks(ctx context.Context, locks *lock.Set, devices []uint64, wait time.Duration, fault func(error) error) error {
	err := locks.Take(ctx, devices, wait)
	switch held, isHeld := errors.AsType[*lock.HeldError](err); {
	case err == nil:
		return nil
	case isHeld:
		longer := show.Choose(wait > 0, "a longer --lock-wait, and --max-duration where that is given,", "--lock-wait 1h")
		return &hintedError{fmt.Errorf("%w: %w", errLocked, held), longer + " waits for its end; oneinode runs lists what was done"}
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return fault(err)
}

// undoLockFault names no other state directory: the run is known where its journal is.
func undoLockFault(err error) error {
	hint := cmp.Or(talk.HintLimit(err), "undo must write where the journal of the run is: make room there, or make it writable")
	return &hintedError{fmt.Errorf("cannot lock: %w", err), hint}
}

// lockFault is for what may keep its state anywhere.
func lockFault(err error) error {
	return &hintedError{fmt.Errorf("cannot lock: %w", err), hintState(err)}
}

// rootDevices lists where the roots lie. One that is not there is told by the scan.
func rootDevices(roots []scan.Root) []uint64 {
	var devices []uint64
	for _, r := range roots {
		if st, err := scan.StatAt(unix.AT_FDCWD, r.Path); err == nil {
			devices = append(devices, st.Dev)
		}
	}
	return devices
}

// treeDevices lists every filesystem that the scan met.
func treeDevices(tree *scan.Tree) []uint64 {
	var devices []uint64
	for _, fs := range tree.Filesystems() {
		devices = append(devices, fs.Dev)
	}
	return devices
}

// needDevices lists where copies will be made.
func needDevices(needs []dedupe.Need) []uint64 {
	var devices []uint64
	for _, n := range needs {
		devices = append(devices, n.Dev)
	}
	return devices
}
