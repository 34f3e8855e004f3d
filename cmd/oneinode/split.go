package main

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/lock"
	"github.com/oneinode/oneinode/report/show"
	"github.com/oneinode/oneinode/report/talk"
	"github.com/oneinode/oneinode/scan"
)

const splitHelp = `Split gives each named path its own copy, whoever linked it. Use it for a file
that you want to change in one place only. Owner, mode, times and extended
attributes stay as they are. Split also takes files below a .nodedupe, which
only forbids linking.

Files that only share blocks (reflinks) are separate files already. They are
left as they are, unless you give --blocks: for the speed of a database, or to
have the bytes on the disk twice. With --blocks, files in use stay as they are.

If you name every path of an inode, one of them keeps the old copy.

A symbolic link becomes a copy of the file that it leads to. If a run made the
link and its journal is there, the copy gets the owner, mode and times that the
path had before. With -r, only symbolic links made by a run are taken.`

type splitOptions struct {
	copyFlags
	recursive, blocks bool
}

func newSplit(a *app) *cobra.Command {
	opts := splitOptions{copyFlags: newCopyFlags()}
	cmd := &cobra.Command{
		Use:     "split [flags] PATH...",
		Short:   "give paths their own copy again",
		Long:    splitHelp,
		Example: "  oneinode split song.mp3\n  oneinode split -r ~/Music/by-year",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := opts.check(args); err != nil {
				return err
			}
			return runSplit(cmd.Context(), a, args, opts)
		},
	}
	addFlags(cmd, &opts)
	return cmd
}

func (o *splitOptions) addFlags(f *pflag.FlagSet) {
	f.BoolVarP(&o.recursive, "recursive", "r", false, "also take directories, with all files below them")
	f.BoolVar(&o.blocks, "blocks", false, "also give own blocks to files that share blocks with others (reflinks, snapshots)")
	o.copyFlags.addFlags(f)
}

func (o *splitOptions) check(paths []string) error {
	if len(paths) == 0 {
		return usage("no PATH given")
	}
	for _, p := range paths {
		if err := o.checkPath(p); err != nil {
			return err
		}
	}
	return refuseEmpty("PATH", paths, ". is the current directory")
}

func (o *splitOptions) checkPath(path string) error {
	info, err := os.Lstat(path)
	leads, broken := os.Stat(path)
	switch {
	case err != nil || broken != nil || !leads.IsDir():
		return nil // told when it is its turn, if it is a fault
	case !info.IsDir():
		return usage("%s is a symbolic link to a directory: -r takes that as %s", show.Quote(path), show.Quote(path+"/"))
	case !o.recursive:
		return usage("%s is a directory: -r takes it with all files below", show.Quote(path))
	}
	return nil
}

// splitRun is one run of split.
type splitRun struct {
	*watched
	opts  splitOptions
	locks *lock.Set
	tree  *scan.Tree
	links []string // given as PATH
}

func runSplit(ctx context.Context, a *app, paths []string, opts splitOptions) error {
	var err error
	if opts.dir, err = stateDir(opts.dir); err != nil {
		return err
	}
	w := a.watch(opts.watchFlags, opts.quiet)
	defer w.close()
	roots, links, dirs := sortPaths(paths)
	tree, complete, err := w.scanForSplit(ctx, roots)
	if err != nil {
		return err
	}
	defer tree.Close()
	r := &splitRun{w, opts, w.newLocks(opts.dir), tree, links}
	defer r.locks.Release()
	cleaned, err := r.cleanFirst(ctx)
	if err == nil {
		err = r.split(ctx, dirs)
	}
	if err == nil && !(complete && cleaned) {
		return errIncomplete
	}
	return err
}

// cleanFirst removes what killed runs have left in the tree: it would count as one more
// name of a file. cleaned: no error was in the way.
func (r *splitRun) cleanFirst(ctx context.Context) (cleaned bool, err error) {
	if r.opts.dryRun {
		return true, nil
	}
	if err := r.lock(ctx, treeDevices(r.tree)); err != nil {
		return false, err
	}
	cleaned = true
	dedupe.Clean(ctx, r.tree, r.opts.dir, func(c dedupe.Cleaned) {
		if c.Reason != "" {
			r.troubles.Path(c.Path, c.Reason, c.Err)
			cleaned = cleaned && c.Err == nil
		}
	})
	return cleaned, nil
}

func (r *splitRun) lock(ctx context.Context, devices []uint64) error {
	return takeLocks(ctx, r.locks, devices, r.opts.wait.value, lockFault)
}

// split picks the names, below dirs those of links too, and makes the copies.
func (r *splitRun) split(ctx context.Context, dirs []string) error {
	s := dedupe.NewSplit(r.tree)
	s.AddLinks(r.opts.dir, r.links, dirs)
	if r.opts.blocks {
		s.AddBlocks()
	} else if r.opts.verbose {
		s.EachOwn(func(path, reason string) { r.troubles.Path(path, reason, nil) })
	}
	if len(s.Needs) > 0 || s.Len() == 0 { // else what is wrong with each path is told in its turn
		if err := r.tellNeeds("", s.Needs); err != nil {
			return err
		}
	}
	switch {
	case s.Len() == 0:
		return nil
	case r.opts.dryRun:
		return r.rehearse(ctx, s)
	}
	return r.copy(ctx, s)
}

// rehearse tells what the split would do.
func (r *splitRun) rehearse(ctx context.Context, s *dedupe.Split) error {
	r.progress.BeginNames(talk.Checking, int64(s.Len()))
	totals, err := s.Rehearse(ctx, r.tellPath(r.opts.verbose))
	r.close()
	return r.tellRehearsal(ctx, totals, err, r.opts.copyFlags)
}

// scanForSplit looks for the names to part. complete: it could look everywhere.
func (w *watched) scanForSplit(ctx context.Context, roots []scan.Root) (tree *scan.Tree, complete bool, err error) {
	w.progress.Begin(talk.Scanning)
	defer w.progress.Pause()
	var unread atomic.Bool
	onSkip := func(s scan.Skip) {
		if s.Err != nil {
			w.troubles.Path(s.Path, s.Reason, s.Err)
			unread.Store(true) // there may be names to split in it
		}
	}
	tree, err = scan.Scan(ctx, roots, scan.Options{
		IgnoreMarks: true, OnSkip: onSkip, OnDir: w.progress.OnDir, OnFiles: w.progress.OnFiles,
	})
	if err != nil {
		return nil, false, causeOf(ctx, scanFault(err))
	}
	return tree, !unread.Load(), nil
}

// sortPaths tells symbolic links, which are not scanned, and directories.
func sortPaths(paths []string) (roots []scan.Root, links, dirs []string) {
	for _, p := range paths {
		info, err := os.Lstat(p)
		switch {
		case err == nil && info.Mode()&os.ModeSymlink != 0:
			links = append(links, p)
			continue
		case err == nil && info.IsDir():
			dirs = append(dirs, p)
		}
		roots = append(roots, scan.Root{Path: p})
	}
	return roots, links, dirs
}

// withDirs adds the directories of symbolic links, which are in no tree.
func withDirs(roots []journal.Path, links []string) []journal.Path {
	for _, link := range links {
		abs, err := scan.Absolute(filepath.Dir(link))
		if dir := journal.Path(abs); err == nil && !slices.Contains(roots, dir) {
			roots = append(roots, dir)
		}
	}
	return roots
}

// copy makes the copies, the journal first.
func (r *splitRun) copy(ctx context.Context, s *dedupe.Split) error {
	if err := r.lock(ctx, needDevices(s.Needs)); err != nil {
		return err
	}
	begin := beginRecord(newRunID(), journal.KindSplit, r.tree)
	begin.Roots = withDirs(begin.Roots, r.links)
	log, err := journal.Create(r.opts.dir, begin)
	if err != nil {
		return journalFault(err)
	}
	r.progress.BeginNames(talk.Copying, int64(s.Len()))
	totals, err := s.Run(ctx, log, dedupe.TemporaryRun(begin.Run), r.tellPath(r.opts.verbose))
	log.Append(journal.Record{End: dedupe.EndOfCopies(totals, err == nil)})
	err = cmp.Or(err, log.Close())
	r.close()
	return r.tellCopies(ctx, totals, err, r.opts.copyFlags)
}
