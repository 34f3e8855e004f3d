package main

import (
	"github.com/spf13/pflag"

	"github.com/oneinode/oneinode/report"
)

// watchFlags are shared by the commands that go by a journal, and may take long.
type watchFlags struct{ progress parsed[report.When] }

func newWatchFlags() watchFlags {
	return watchFlags{newParsed("WHEN", "auto", report.Auto, report.ParseWhen).of(report.Whens())}
}

func (w *watchFlags) addFlags(f *pflag.FlagSet) {
	f.Var(&w.progress, "progress", "show how far it is: auto (on a terminal), always, never")
}

// watched is work that tells how far it is, on a terminal and for SIGUSR1.
type watched struct {
	app      *app
	progress *report.Progress
	troubles *report.Troubles
}

// watch begins to tell; close ends that.
func (a *app) watch(flags watchFlags, quiet bool) *watched {
	when := flags.progress.value
	p := report.NewProgress(a.stderr, report.Columns(a.stderr), when.ShowProgress(a.stderr) && (!quiet || when == report.Always))
	w := &watched{a, p, report.NewTroubles(p.Writer(), a.logJSON)}
	status := func() { w.troubles.Note(p.Status()) }
	a.status.Store(&status)
	return w
}

// close may be called again.
func (w *watched) close() {
	w.app.status.Store(nil)
	w.progress.Close()
}
