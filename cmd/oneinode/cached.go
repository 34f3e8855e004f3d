package main

import (
	"errors"
	"sync"

	"github.com/spf13/pflag"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/hash/cache"
	"github.com/oneinode/oneinode/report/schema"
)

// cacheFlags say whether digests are kept, and where.
type cacheFlags struct {
	off bool
	dir string
}

func (c *cacheFlags) addFlags(f *pflag.FlagSet) {
	f.BoolVar(&c.off, "no-cache", false, "neither use nor store digests of files")
	f.StringVar(&c.dir, "cache-dir", "", "keep digests of files in `DIR`")
}

// check returns the cache, nil for none.
func (c *cacheFlags) check() (*cache.Cache, error) {
	if c.off && c.dir != "" {
		return nil, usage("--no-cache and --cache-dir contradict each other")
	}
	dir := cacheDir(c.dir)
	if c.off || dir == "" {
		return nil, nil
	}
	return cache.In(dir), nil
}

// onCache tells once that the run goes on without the cache. That does no harm but to
// the next run's time, so -q hears of it only if the user has said where the cache is to
// be, or if it was damaged: the disk may be.
func (r *run) onCache(err error) {
	if _, damaged := errors.AsType[*cache.DamagedError](err); r.quiet && !damaged && !r.cacheGiven {
		return
	}
	r.cacheTold.Do(func() { r.troubles.Note(err.Error() + ": this run does without it") })
}

// confirm returns which sets of an earlier run are to be read again: in a dedupe
// those that would be linked. A saved scan narrows sets later on, so that all
// of them may come to be linked; a report believes what it is told.
func (r *run) confirm() func(*hash.Result, *hash.Set) bool {
	switch {
	case r.action != schema.ActionDedupe:
		return nil
	case r.wishes != nil:
		return func(*hash.Result, *hash.Set) bool { return true }
	}
	return r.policy.Links
}

// keepers collects what the replaces did to the times of keepers.
type keepers struct {
	mu    sync.Mutex
	moves []cache.Move
}

func (r *run) onKeeper(k dedupe.KeeperChange) {
	r.keepers.mu.Lock()
	defer r.keepers.mu.Unlock()
	r.keepers.moves = append(r.keepers.moves, cache.Move{
		FS: hash.CacheKey(r.tree.Filesystem(k.Name)), Ino: r.tree.Ino(k.Name), Mtime: k.Was.Mtime, OldCtime: k.Was.Ctime, NewCtime: k.Ctime,
	})
}

// keepDigests takes what is known of the keepers along to their new ctime, so
// that they need not be read the next time.
func (r *run) keepDigests() {
	if r.cache == nil || len(r.keepers.moves) == 0 {
		return
	}
	if err := r.cache.Retime(r.keepers.moves); err != nil {
		r.onCache(err)
	}
}
