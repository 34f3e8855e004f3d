package main

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/oneinode/oneinode/hash/cache"
	"github.com/oneinode/oneinode/report/show"
)

const cacheHelp = `The digest cache remembers digests of files that were read. With them, a later
run need not read files that cannot have an equal. A file is identified by
device, inode, size, mtime and ctime. A cached digest can rule a file out or
suggest it, but every file is read before it is replaced. You can remove the
cache at any time.`

// defaultUnseen is how long files that no run meets are remembered: long enough
// for a disk that is plugged in once a quarter.
const defaultUnseen = 90 * 24 * time.Hour

type cacheOptions struct{ dir string }

func (o *cacheOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.dir, "cache-dir", "", "the directory of the cache is `DIR`")
}

func newCache(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cache",
		Short: "show or clean the digest cache",
		Long:  cacheHelp,
		Args:  noSuchCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newCacheCommand("info", "show where the cache is and how large", a.cacheInfo),
		newCachePrune(a),
		newCacheCommand("clear", "remove the cache", (*cache.Cache).Clear),
	)
	return cmd
}

func newCacheCommand(name, short string, run func(*cache.Cache) error) *cobra.Command {
	var opts cacheOptions
	cmd := &cobra.Command{
		Use:   name,
		Short: short,
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			c, err := opts.open()
			if err != nil {
				return err
			}
			return cacheFault(run(c))
		},
	}
	addFlags(cmd, &opts)
	return cmd
}

// cacheFault adds what can be done where a cache is closed to this user.
func cacheFault(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return &hintedError{err, "run as the user whose cache this is, or name another directory with --cache-dir"}
	}
	return err
}

func newCachePrune(a *app) *cobra.Command {
	unseen := newParsed("DURATION", "90d", defaultUnseen, parseDuration)
	cmd := newCacheCommand("prune", "forget files that no run has seen for a while", func(c *cache.Cache) error {
		return a.cachePrune(c, unseen.value)
	})
	cmd.Flags().Var(&unseen, "older-than", "forget files that no run has seen for this time, counted in days (7d, 2w)")
	return cmd
}

func (o *cacheOptions) open() (*cache.Cache, error) {
	dir := cacheDir(o.dir)
	if dir == "" {
		return nil, &hintedError{errors.New("no home directory to keep digests in"), "name a directory with --cache-dir"}
	}
	return cache.In(dir), nil
}

func (a *app) cacheInfo(c *cache.Cache) error {
	info, err := c.Info()
	if err != nil {
		return err
	}
	if info.Bytes == 0 {
		return a.say("%s: no cache yet\n", show.Quote(info.Path))
	}
	since := ""
	if info.Files > 0 {
		since = ", all seen since " + info.Oldest.Time().Format(time.DateOnly)
	}
	return a.say("%s: %s, %s%s\n", show.Quote(info.Path), show.Counted(info.Files, "file", "files"), show.Size(info.Bytes), since)
}

func (a *app) cachePrune(c *cache.Cache, unseen time.Duration) error {
	dropped, err := c.Prune(cache.DayOf(time.Now().Add(-unseen)))
	if err != nil {
		return err
	}
	return a.say("%s forgotten\n", show.Counted(dropped, "file", "files"))
}

func (a *app) say(format string, args ...any) error {
	_, err := fmt.Fprintf(a.stdout, format, args...)
	return stdoutFault(err)
}
