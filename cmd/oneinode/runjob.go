package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/oneinode/oneinode/report"
	"github.com/oneinode/oneinode/report/show"
)

const runHelp = `Run does the JOB with that name. A job is a dedupe whose PATHs and flags are in
a file: /etc/oneinode/*.toml, and for users other than root also
~/.config/oneinode/*.toml:

  [job.music]
  preset       = "music"
  paths        = ["/srv/music"]
  exclude      = ["*.iso"]
  max-duration = "2h"
  idle         = true
  metrics      = "/var/lib/prometheus/node-exporter/oneinode-music.prom"

Each key is a flag of dedupe without its dashes. (--from, --files-from, -0,
--progress and --color are not keys.) The job overrides its preset, but lists of
both add up. Flags given here override both. An unknown key or an empty text is
an error.`

type runOptions struct {
	dedupeOptions
	config string
	list   bool
}

func newRunJob(a *app) *cobra.Command {
	opts := runOptions{dedupeOptions: newDedupeOptions()}
	cmd := &cobra.Command{
		Use:     "run [flags] JOB",
		Short:   "run a job of /etc/oneinode",
		Long:    runHelp,
		Example: "  oneinode run --list\n  oneinode run -n music\n  oneinode run music",
		RunE: func(cmd *cobra.Command, args []string) error {
			jobs, err := before(cmd.Context(), func() (jobSet, error) { return readJobs(opts.config), nil }) // --config may name a pipe
			if err != nil {
				return err
			}
			if opts.list {
				return opts.showList(a, jobs, args)
			}
			if opts.config != "" && len(jobs.faults) > 0 {
				return jobs.faults[0]
			}
			paths, err := opts.configure(cmd.Flags(), jobs, args)
			if err != nil {
				return err
			}
			j, err := opts.checked(cmd, a, paths)
			if err != nil {
				return opts.refused(err)
			}
			tellLeftOut(a, jobs.faults)
			return runDedupe(cmd.Context(), a, j)
		},
	}
	addFlags(cmd, &opts)
	return cmd
}

func (o *runOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.config, "config", "", "take the job from `FILE` instead of "+systemConfig+"/*.toml")
	f.BoolVar(&o.list, "list", false, "list jobs and presets with their settings")
	o.dedupeOptions.addFlags(f)
	_ = f.MarkHidden("from") // it contradicts the paths of the job; fails only for a flag that is not there
}

// places says where jobs were looked for.
func (o *runOptions) places() string {
	if o.config != "" {
		return show.Quote(o.config)
	}
	return strings.Join(configDirs(), ", ")
}

func (o *runOptions) listCommand() string {
	if o.config != "" {
		return show.ShellCommand("oneinode", "run", "--config", o.config, "--list")
	}
	return "oneinode run --list"
}

func (o *runOptions) showList(a *app, jobs jobSet, args []string) error {
	if len(args) > 0 {
		return usage("run --list shows all jobs, but %q was given, too", args[0])
	}
	return cmp.Or(stdoutFault(listJobs(a, jobs, o.places())), errors.Join(jobs.faults...))
}

// tellLeftOut tells of jobs that cannot be taken, also with -q: somebody has to mend them.
func tellLeftOut(a *app, faults []error) {
	for _, f := range faults {
		a.troubles(a.stderr).Note("jobs left out: " + f.Error())
	}
}

// jobOf returns the job that is named. One that is not there may be in a file with a fault.
func (o *runOptions) jobOf(jobs jobSet, args []string) (*jobConfig, error) {
	if len(args) == 0 {
		return nil, &hintedError{usage("no JOB given"), o.listCommand() + " shows those of " + o.places()}
	}
	if len(args) > 1 {
		return nil, usage("run takes one JOB, but %q was given, too", args[1])
	}
	job := jobs.named[args[0]]
	switch {
	case job != nil:
		return job, job.fault
	case len(jobs.faults) > 0:
		missing := fmt.Errorf("no job %q, unless it is in a file with an error", args[0])
		return nil, errors.Join(missing, errors.Join(jobs.faults...))
	}
	near := meant(asCommands(jobs.names()), args[0], "")
	return nil, &hintedError{usage("no job %q", args[0]), near + o.listCommand() + " shows those of " + o.places()}
}

// lockVariable has a --lock-wait for the jobs that name none: for units, which would have the
// last word with a flag.
const lockVariable = "ONEINODE_LOCK_WAIT"

// configure sets the flags as environment, preset and job want them, where the user did not,
// and returns the job's paths.
func (o *runOptions) configure(flags *pflag.FlagSet, jobs jobSet, args []string) ([]string, error) {
	job, err := o.jobOf(jobs, args)
	if err != nil {
		return nil, err
	}
	p, _ := presetNamed(job.preset())
	given := givenFlags(flags)
	var unit jobConfig
	if wait := os.Getenv(lockVariable); wait != "" {
		unit.LockWait = &wait
	}
	for _, c := range []*jobConfig{&unit, &p.sets, job} {
		if err := c.apply(flags, given); err != nil {
			return nil, usage("%s: job %s: %w", show.Quote(job.file), args[0], err)
		}
	}
	o.label = args[0]
	return job.Paths, nil
}

// givenFlags are those that the user has decided: those given, and those that would
// contradict them, so that what is typed has the last word. A dry run of a job is none of its
// nights: its metrics stay.
func givenFlags(flags *pflag.FlagSet) map[string]bool {
	given := map[string]bool{}
	against := map[string]string{"quiet": "verbose format", "verbose": "quiet", "format": "quiet", "no-cache": "cache-dir", "cache-dir": "no-cache", "dry-run": "metrics"}
	flags.Visit(func(f *pflag.Flag) {
		given[f.Name] = true
		for other := range strings.FieldsSeq(against[f.Name]) {
			given[other] = given[other] || f.Value.String() != "false"
		}
	})
	return given
}

// notDone is for a job in a list, behind which the faults are told.
func notDone(job *jobConfig) string {
	if job.fault == nil {
		return ""
	}
	return ": does not run, for the error shown below"
}

// listJobs shows jobs and presets.
func listJobs(a *app, jobs jobSet, places string) error {
	out := bufio.NewWriter(a.stdout)
	if len(jobs.named) == 0 {
		fmt.Fprintf(out, "no jobs in %s\n", places)
	}
	for _, name := range jobs.names() {
		job := jobs.named[name]
		fmt.Fprintf(out, "job %s (%s)%s\n", show.Quote(name), show.Quote(job.file), notDone(job))
		for _, p := range job.Paths {
			fmt.Fprintf(out, "    path %s\n", show.Quote(p))
		}
		if preset := job.preset(); preset != "" {
			fmt.Fprintf(out, "    preset %s\n", show.Quote(preset))
		}
		for _, s := range job.settings() {
			fmt.Fprintf(out, "    %s %s\n", s.flag, show.Quote(s.word))
		}
	}
	for _, p := range presets() {
		fmt.Fprintf(out, "\npreset %s: %s\n", p.name, p.purpose)
		for _, why := range p.why {
			fmt.Fprintf(out, "    %s\n", report.Fold(why, 72, "\n        "))
		}
	}
	return out.Flush()
}
