package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/report"
	"github.com/oneinode/oneinode/report/schema"
)

const dedupeHelp = `Dedupe finds sets of files with equal content under the PATHs. It replaces the
copies by hard links to one of them, or by what --link names. With -n it prints
the plan instead.

A file is replaced only if this run has read its content and found it equal, and
if it has not changed since. Files that a program has open for writing are left
alone. What changed less than a second ago is linked once it is a second old,
unless --min-age says otherwise. Owner, group, mode and extended attributes must
agree, because an inode has only one of each. Use --match to change that.

--link reflink keeps copies as separate files on the same blocks (btrfs, xfs).
The kernel compares the bytes and shares the blocks. Each file keeps its owner,
mode and times, so --match is none unless given. Later edits of one file do not
show in the others. --link auto makes reflinks where the filesystem supports
them, and hard links elsewhere; scan -v shows what each filesystem supports.

--link symlink makes symbolic links, which also reach across filesystems. Such a
link breaks when the kept file, or a directory above it, is moved, renamed or
removed: name the tree that stays with --reference. Only those who can reach
the kept file can read the link. A file that has further names outside the PATHs
is left as it is: a link would free nothing and separate its names. undo and
split turn links into files again; verify lists broken links.`

const dedupeExample = `  oneinode dedupe -n ~/Pictures
  oneinode dedupe ~/Pictures ~/Backup
  oneinode dedupe --reference /srv/master --match none /srv/copies
  oneinode dedupe --link reflink /srv/vm /srv/backup
  oneinode dedupe --link symlink --reference /mnt/archive ~/Pictures
  oneinode scan -o found.json /srv && oneinode dedupe --from found.json`

type dedupeOptions struct {
	commonFlags
	dryRun bool
	verify parsed[string]
	from   string
	stateFlag
	lockFlag
}

func newDedupeOptions() dedupeOptions {
	return dedupeOptions{
		commonFlags: newCommon(),
		verify:      newChoice("HOW", "stat", []string{"stat", "bytes"}).unique(),
		lockFlag:    newLock(),
	}
}

func newDedupe(a *app) *cobra.Command {
	opts := newDedupeOptions()
	cmd := &cobra.Command{
		Use:        "dedupe [flags] PATH...",
		SuggestFor: []string{"link", "hardlink", "merge", "delete", "remove", "clean"},
		Short:      "replace duplicate files by hard links",
		Long:       dedupeHelp,
		Example:    dedupeExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			j, err := opts.checked(cmd, a, args)
			if err != nil {
				return opts.refused(err)
			}
			if opts.dryRun {
				j.next = nextCommand(cmd.Flags(), args)
			}
			return runDedupe(cmd.Context(), a, j)
		},
	}
	addFlags(cmd, &opts)
	return cmd
}

func (o *dedupeOptions) addFlags(f *pflag.FlagSet) {
	f.BoolVarP(&o.dryRun, "dry-run", "n", false, "print the plan and change nothing")
	f.StringVar(&o.from, "from", "", "carry out the scan saved in `FILE` (.json; - is standard input); files that have changed since are left alone")
	f.Var(&o.verify, "verify", "how to check that a file is unchanged when it is replaced: stat (device, inode, size and times), or bytes (compare the content again, too)")
	o.commonFlags.addFlags(f)
	below("Journals and locks", f, func(f *pflag.FlagSet) {
		o.stateFlag.addFlags(f)
		o.lockFlag.addFlags(f)
	})
}

// checked is check, until a signal comes: it reads what the user named, maybe from a pipe.
func (o *dedupeOptions) checked(cmd *cobra.Command, a *app, paths []string) (job, error) {
	return before(cmd.Context(), func() (job, error) { return o.check(a, paths, cmd.Flags().Changed) })
}

func (o *dedupeOptions) check(a *app, paths []string, changed func(flag string) bool) (job, error) {
	o.saved = o.from != ""
	if o.saved {
		if err := o.fromConflicts(paths, changed); err != nil {
			return job{}, err
		}
	}
	j, err := o.commonFlags.check(a, paths)
	if err == nil && o.saved {
		err = j.carryOut(o.from, a.stdin)
	}
	if err != nil {
		return j, err
	}
	j.action = schema.ActionDedupe
	j.digests = true // the journal names each set by its digest
	if o.dryRun {
		j.action = schema.ActionPlan
		j.digests = o.saved || report.ListsDigests(j.outputs.formats()...)
		return j, nil
	}
	j.pace.links, j.lockWait, j.bytes = true, o.wait.value, o.verify.value == "bytes"
	if !o.minAge.given {
		j.rest = dedupe.DefaultRest
	}
	j.stateGiven = o.stateFlag.dir
	j.stateDir, err = stateDir(j.stateGiven)
	return j, err
}

// runDedupe finds duplicates, decides, and carries the plan out or prints it. A
// run that was stopped tells what it did until then.
func runDedupe(ctx context.Context, a *app, j job) error {
	r := newRun(a, j)
	defer r.close()
	return r.ended(r.dedupe(ctx))
}

func (r *run) dedupe(ctx context.Context) error {
	plan, err := r.find(ctx)
	if err != nil {
		return endBefore(ctx, err)
	}
	complete := r.facts.Run.Stopped == ""
	if r.action == schema.ActionPlan {
		r.checkNext(plan)
		r.foretell(plan)
		return r.tell(ctx, plan, complete)
	}
	applied := r.apply(r.budget.linking, plan)
	if ctx.Err() == nil && r.stoppedBy(r.budget.linking) {
		applied, complete = unlessSpent(applied), false
	}
	if applied != nil {
		r.failed = ctx.Err() == nil
		told := r.tell(ctx, plan, false)
		if errors.Is(told, errIncomplete) {
			told = nil // the run has failed as a whole
		}
		return errors.Join(causeOf(ctx, applied), told)
	}
	return r.tell(ctx, plan, complete)
}
