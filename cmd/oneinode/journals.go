package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/pflag"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/lock"
	"github.com/oneinode/oneinode/report/show"
	"github.com/oneinode/oneinode/report/talk"
)

// stateFlag is shared by all commands that read or write journals.
type stateFlag struct{ dir string }

func (s *stateFlag) addFlags(f *pflag.FlagSet) {
	f.StringVar(&s.dir, "state-dir", "", "keep journals and locks in `DIR`")
}

// existing returns the state directory for a command that reads journals only. One that
// was named and is not there is a slip of the finger; the usual one is made by the
// first run.
func (s *stateFlag) existing() (string, error) {
	if s.dir == "" {
		return stateDir("")
	}
	if _, err := os.Stat(s.dir); errors.Is(err, fs.ErrNotExist) {
		return "", usage("--state-dir: %w", show.PathError(s.dir, err))
	}
	return s.dir, nil
}

// atMostOneRun checks the arguments of a command that takes a RUN.
func atMostOneRun(name string, args []string) (run string, err error) {
	switch len(args) {
	case 0:
		return "", nil
	case 1:
		return args[0], refuseEmpty("RUN", args, "without a RUN the last one is taken")
	}
	return "", usage("%s takes one RUN, but %q was given, too", name, args[1])
}

// findLinked returns a run that something can be done about since it linked.
func findLinked(ctx context.Context, stateDir, id, done string) (*journal.Journal, error) {
	j, err := before(ctx, func() (*journal.Journal, error) { return readRun(stateDir, id) })
	if err == nil && j.Info.Kind != journal.KindDedupe {
		return nil, usage("%s made copies: only a run that linked can be %s", j.Info.Run, done)
	}
	return j, err
}

// readRun returns the named run, or the last one that has something to take back.
func readRun(stateDir, id string) (*journal.Journal, error) {
	if id != "" {
		j, err := journal.Find(stateDir, id)
		switch {
		case errors.Is(err, journal.ErrNoRun):
			return nil, &hintedError{err, runsCommand(stateDir) + " lists them" + aboutPath(id)}
		case errors.Is(err, journal.ErrSeveral):
			return nil, &hintedError{err, runsCommand(stateDir) + " lists them"}
		}
		return j, stateFault(err)
	}
	j, err := journal.FindLast(stateDir)
	switch {
	case errors.Is(err, journal.ErrNoRun):
		return nil, noRun(stateDir)
	case errors.Is(err, journal.ErrLive):
		return nil, &hintedError{fmt.Errorf("%w: %w", errLocked, err), "wait for its end, or give the RUN that you mean (" + runsCommand(stateDir) + " lists them)"}
	case errors.Is(err, journal.ErrUnread):
		return nil, &hintedError{err, "it may be the last run: give the RUN that you mean (" + runsCommand(stateDir) + " lists the others)"}
	}
	return j, stateFault(err)
}

// aboutPath is for who names a file to a command that takes a run.
func aboutPath(word string) string {
	if _, missing := os.Lstat(word); missing != nil {
		return ""
	}
	return "; to give a path its own copy: oneinode split PATH"
}

// runsCommand lists the runs of a state directory.
func runsCommand(dir string) string {
	if usual, err := stateDir(""); err == nil && dir == usual {
		return "oneinode runs"
	}
	return show.ShellCommand("oneinode", "runs", "--state-dir", dir)
}

// noRun tells a second undo from one before the first run.
func noRun(stateDir string) error {
	why := "there are none yet"
	if runs, _ := journal.List(stateDir); len(runs) > 0 {
		why = "all runs were undone, or linked nothing"
	}
	return &hintedError{fmt.Errorf("no run to use in %s: %s", show.Quote(stateDir), why),
		runsCommand(stateDir) + " lists them; runs of another user or with --state-dir are elsewhere"}
}

// stateFault adds what can be done where a state directory is closed to this user.
func stateFault(err error) error {
	if open, ok := errors.AsType[*lock.DistrustError](err); ok && open.UID == 0 {
		return &hintedError{err, "if everything in it is yours, remove that permission (chmod o-w), or name another directory with --state-dir"}
	}
	if errors.Is(err, fs.ErrPermission) {
		return &hintedError{err, "run as the user whose runs these are, or name another directory with --state-dir"}
	}
	return err
}

// pastFlags are shared by the commands that take a RUN back, or look at it.
type pastFlags struct {
	stateFlag
	watchFlags
	quiet bool
}

func newPastFlags() pastFlags { return pastFlags{watchFlags: newWatchFlags()} }

// on does the work on a run that linked. What its journal has lost is told, and leaves the work
// incomplete.
func (p *pastFlags) on(ctx context.Context, a *app, run, done string, work func(w *watched, j *journal.Journal, u *dedupe.Undo, stateDir string) error) error {
	dir, err := p.existing()
	if err != nil {
		return err
	}
	w := a.watch(p.watchFlags, p.quiet)
	defer w.close()
	w.progress.Begin(talk.Opening)
	j, err := findLinked(ctx, dir, run, done)
	if err != nil {
		return err
	}
	if j.Info.TakenBack() && !w.quiet {
		w.troubles.Note("run " + j.Info.Run + " was undone already")
	}
	damaged := tellDamage(w.troubles, j)
	u, err := before(ctx, func() (*dedupe.Undo, error) { return dedupe.NewUndo(j) })
	if err == nil {
		err = work(w, j, u, dir)
	}
	if err == nil && damaged {
		return errIncomplete
	}
	return err
}

// tellDamage tells of damaged lines in a journal, if there are any.
func tellDamage(t *talk.Troubles, j *journal.Journal) (damaged bool) {
	d := j.Info.Damage
	if d.Lines == 0 {
		return false
	}
	what := fmt.Sprintf("line %d is damaged", d.First)
	if d.Lines > 1 {
		what += fmt.Sprintf(" (%d lines in all)", d.Lines)
	}
	t.Path(j.Path(), what+": what it recorded is lost; oneinode split gives such paths their own copy", nil)
	return true
}
