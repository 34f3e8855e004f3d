package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/report"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/talk"
)

const scanHelp = `Scan finds sets of files with equal content under the PATHs, and shows how much
space they would free if linked. It changes nothing, ever.

A PATH is a file, or a directory with everything below it. Files that are
already hard links to each other count as one file.

For each file of a set, scan shows what dedupe would do:
  keep   the file stays
  link   it becomes a link to the kept file
  hold   it is left as it is, for the reason shown
  =      another name of the file above

An inode is a file with all its names. Redundant bytes are stored more than
once. Reclaimable bytes are those of them that would really become free.`

const scanExample = `  oneinode scan ~/Pictures ~/Backup
  oneinode scan --min-size 1M --exclude '*.iso' -o found.json /srv
  find . -name '*.jpg' -print0 | oneinode scan --files-from - -0`

// maxThreads is far beyond what any disk makes use of. Each thread has buffers of
// its own: a slip of the finger must not take all memory.
const maxThreads = 1024

// commonFlags are what scan and dedupe share.
type commonFlags struct {
	selectionFlags
	policyFlags
	outputFlags
	cacheFlags
	paceFlags
	threads numberFlag
	device  parsed[hash.Device]
}

func newCommon() commonFlags {
	return commonFlags{selectionFlags: newSelection(), policyFlags: newPolicy(), outputFlags: newOutput(), paceFlags: newPace(), threads: newRange(1, maxThreads),
		device: newParsed("KIND", "auto", hash.DeviceAuto, hash.ParseDevice).of(wordsTo(hash.DeviceHDD))}
}

func (c *commonFlags) addFlags(f *pflag.FlagSet) {
	below("Which files", f, c.selectionFlags.addFlags)
	below("What is linked, and what stays", f, c.policyFlags.addFlags)
	below("Output", f, c.outputFlags.addFlags)
	below("Limits, and unattended runs", f, c.paceFlags.addFlags)
	below("Cache and disks", f, c.addDiskFlags)
}

func (c *commonFlags) addDiskFlags(f *pflag.FlagSet) {
	c.cacheFlags.addFlags(f)
	f.Var(&c.threads, "threads", "how many files and directories to handle at a time, up to 1024 (default: depends on the work)")
	f.Var(&c.device, "device", "kind of disk: ssd, hdd (few reads at a time, in disk order), or auto (ask the kernel; virtual disks count as ssd)")
}

// check turns flags and PATHs into a job.
func (c *commonFlags) check(a *app, paths []string) (job, error) {
	a.logJSON = c.logsJSON()
	var j job
	var err error
	if c.null && c.filesFrom == "" && c.format.value != report.FormatFdupes {
		return j, usage("-0 needs --files-from or --format fdupes")
	}
	if j.outputs, err = c.outputFlags.check(a.stdout); err != nil {
		return j, err
	}
	j.outputs.style.Null = c.null
	if j.selection, err = c.selectionFlags.check(paths, c.references, a.stdin); err != nil {
		return j, err
	}
	if j.pace, err = c.paceFlags.check(); err != nil {
		return j, err
	}
	j.policy, err = c.policyFlags.check(&j.selection)
	if err != nil {
		return j, err
	}
	j.threads, j.device = c.threads.value, c.device.value
	j.cacheGiven = c.cacheFlags.dir != ""
	j.cache, err = c.cacheFlags.check()
	return j, err
}

type scanOptions struct {
	commonFlags
	exitCode    bool
	findOutside bool
}

func newScan(a *app) *cobra.Command {
	opts := scanOptions{commonFlags: newCommon()}
	cmd := &cobra.Command{
		Use:        "scan [flags] PATH...",
		SuggestFor: []string{"find", "search", "group", "dupes", "check"},
		Short:      "find duplicate files; changes nothing",
		Long:       scanHelp,
		Example:    scanExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			j, err := before(cmd.Context(), func() (job, error) { return opts.check(a, args) })
			if err != nil {
				return opts.refused(err)
			}
			j.next = nextCommand(cmd.Flags(), args)
			return runScan(cmd.Context(), a, j, opts.exitCode)
		},
	}
	addFlags(cmd, &opts)
	return cmd
}

func (o *scanOptions) addFlags(f *pflag.FlagSet) {
	o.commonFlags.addFlags(f)
	f.BoolVar(&o.findOutside, "find-outside", false, "search the whole filesystem for further names of the files found")
	f.BoolVar(&o.exitCode, "exit-code", false, "exit with code 10 when duplicates were found, even if some files could not be handled")
}

func (o *scanOptions) check(a *app, paths []string) (job, error) {
	j, err := o.commonFlags.check(a, paths)
	j.action, j.outside = schema.ActionScan, o.findOutside
	j.policy.ScanOnly = true
	j.digests = report.ListsDigests(j.outputs.formats()...)
	return j, err
}

// runScan finds duplicates and tells of them. A file that could not be handled
// does not hide that duplicates were found.
func runScan(ctx context.Context, a *app, j job, exitCode bool) error {
	r := newRun(a, j)
	defer r.close()
	return r.ended(r.onlyScan(ctx, exitCode))
}

func (r *run) onlyScan(ctx context.Context, exitCode bool) error {
	plan, err := r.find(ctx)
	if err != nil {
		return endBefore(ctx, err)
	}
	if err := r.findOutside(ctx, plan); err != nil {
		return endBefore(ctx, err)
	}
	r.checkNext(plan)
	err = r.tell(ctx, plan, r.facts.Run.Stopped == "")
	if exitCode && plan.Totals().Sets > 0 && (err == nil || errors.Is(err, errIncomplete)) {
		return errDuplicates
	}
	return err
}

// findOutside looks for further names. Of a search that a limit of the user has stopped
// nothing is told but that.
func (r *run) findOutside(ctx context.Context, plan *decide.Plan) error {
	if !r.outside {
		return nil
	}
	defer r.clock(&r.facts.Seconds.Scan)()
	r.progress.Begin(talk.Searching)
	defer r.progress.Pause()
	paths, err := dedupe.FindOutside(r.budget.linking, plan, r.threads, r.progress.OnDir)
	switch {
	case err == nil:
		r.facts.Outside = paths
	case ctx.Err() != nil || !r.stoppedBy(r.budget.linking):
		return scanFault(err)
	}
	return nil
}
