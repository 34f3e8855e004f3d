package main

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/spf13/pflag"

	"github.com/oneinode/oneinode/report/metrics"
	"github.com/oneinode/oneinode/report/output"
	"github.com/oneinode/oneinode/report/schema"
)

// paceFlags say how much of the machine a run may take, for how long, and who
// hears of it: for runs that nobody watches.
type paceFlags struct {
	maxDuration durationFlag
	maxRead     sizeFlag
	ioLimit     sizeFlag
	idle        bool
	metrics     string
	label       string // of the metrics: the job's name
}

func newPace() paceFlags {
	return paceFlags{
		maxDuration: newParsed("DURATION", "", 0, parseDuration),
		maxRead:     newParsed("SIZE", "", 0, parseSize),
		ioLimit:     newParsed("RATE", "", 0, parseSize),
	}
}

func (p *paceFlags) addFlags(f *pflag.FlagSet) {
	f.Var(&p.maxDuration, "max-duration", "stop cleanly after this time (30m, 4h), biggest savings first; the next run continues from there")
	f.Var(&p.maxRead, "max-read", "stop cleanly after reading about this much")
	f.Var(&p.ioLimit, "io-limit", "read at most this many bytes per second (50M)")
	f.BoolVar(&p.idle, "idle", false, "use the processor and the disk only while nothing else needs them")
	f.StringVar(&p.metrics, "metrics", "", "write the run's figures to `FILE` (.prom) for the Prometheus textfile collector")
}

// pace is what the flags come to; zero means no limit.
type pace struct {
	duration time.Duration
	links    bool  // what is found is linked
	read     int64 // bytes
	rate     int64 // bytes per second
	idle     bool
	metrics  *metrics.File
}

func (p *paceFlags) check() (pace, error) {
	out := pace{duration: p.maxDuration.value, read: p.maxRead.value, rate: p.ioLimit.value, idle: p.idle}
	for _, limit := range []struct {
		flag, word string
		value      int64
	}{
		{"--max-duration", p.maxDuration.word, int64(out.duration)},
		{"--max-read", p.maxRead.word, out.read},
		{"--io-limit", p.ioLimit.word, out.rate},
	} {
		if limit.word != "" && limit.value == 0 {
			return out, usage("%s %s leaves nothing to do", limit.flag, limit.word)
		}
	}
	if p.metrics == "" {
		return out, nil
	}
	m, err := metrics.New(p.metrics, p.label)
	if err != nil {
		if _, ok := errors.AsType[*output.Error](err); ok {
			return out, outputFault(err)
		}
		return out, usage("--metrics %w", err)
	}
	out.metrics = m
	return out, nil
}

// refused writes the metrics of a run that ends before it begins, as where what it is to read
// or write lies on a disk that is not mounted.
func (p *paceFlags) refused(err error) error {
	m, _ := metrics.New(p.metrics, p.label) // there is none where err is of that, or comes first
	return ended(m, nil, 0, err)
}

// ended writes the metrics, if they are wanted, of a run that ends with err. It returns that,
// and what is wrong with the file.
func ended(m *metrics.File, doc *schema.Document, took time.Duration, err error) error {
	if m == nil {
		return err
	}
	if unwritten := m.Write(doc, metrics.Ended{At: time.Now(), Took: took, Exit: exitCode(err)}); unwritten != nil {
		return errors.Join(err, outputFault(unwritten))
	}
	return err
}

// stoppedBy notes which limit of the user ended ctx; false if none did.
func (r *run) stoppedBy(ctx context.Context) bool {
	r.facts.Run.Stopped = cmp.Or(r.facts.Run.Stopped, spentBy(ctx))
	return spentBy(ctx) != ""
}

// goesOn reports whether a run that was stopped has got somewhere, so that the next
// one goes on from there: names are linked, or digests are kept.
func (r *run) goesOn() bool {
	return !r.failed && (r.ledger.Linked() > 0 || r.cache != nil && r.decided.Load() > 0)
}

func (r *run) onRead(n int64) {
	r.progress.OnRead(n)
	r.budget.onRead(n)
}

func (r *run) onDone(n, bytes int64) {
	r.progress.OnDone(n, bytes)
	r.decided.Add(n)
}

// ended writes the metrics, whatever the end of the run was.
func (r *run) ended(err error) error {
	return ended(r.pace.metrics, r.document, time.Since(r.began), err)
}

// beBackground is what a run owes those who do not watch it: the begin of its
// log, and with --idle low priorities. That these cannot be had is no reason to do nothing.
func (r *run) beBackground() {
	r.troubles.Begin(r.facts.Run, r.selection.roots)
	if !r.pace.idle {
		return
	}
	if err := goIdle(); err != nil {
		r.troubles.Note("--idle: the priority could not be lowered: " + err.Error())
	}
}
