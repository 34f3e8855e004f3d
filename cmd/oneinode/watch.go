package main

import (
	"os"

	"github.com/spf13/pflag"

	"github.com/oneinode/oneinode/report"
	"github.com/oneinode/oneinode/report/talk"
)

// watchFlags are shared by the commands that may take long.
type watchFlags struct{ progress parsed[report.When] }

func newWatchFlags() watchFlags {
	return watchFlags{newChoice("WHEN", report.Auto, report.Whens())}
}

func (w *watchFlags) addFlags(f *pflag.FlagSet) {
	f.Var(&w.progress, "progress", "show progress: auto (on a terminal), always, never")
}

// shows reports whether progress is shown: with -q only if the user insists.
func (w *watchFlags) shows(stderr *os.File, quiet bool) bool {
	when := w.progress.value
	return when.ShowProgress(stderr) && (!quiet || when == report.Always)
}

// watched is work that says how far it is, on a terminal and for SIGUSR1, and what goes wrong.
type watched struct {
	app      *app
	progress *talk.Progress
	troubles *talk.Troubles
	quiet    bool
}

// watch begins to tell; close ends that.
func (a *app) watch(flags watchFlags, quiet bool) *watched {
	p := talk.NewProgress(a.stderr, report.Columns(a.stderr), flags.shows(a.stderr, quiet))
	w := &watched{a, p, a.troubles(p.Writer()), quiet}
	status := func() { w.troubles.Note(p.Status()) }
	a.status.Store(&status)
	return w
}

// close may be called again.
func (w *watched) close() {
	w.app.status.Store(nil)
	w.progress.Close()
}
