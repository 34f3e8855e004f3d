package hash

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/oneinode/oneinode/hash/cache"
)

// TestStoppedIsNotDone stops searches before each of their reads: all counts as done
// only if all was found.
func TestStoppedIsNotDone(t *testing.T) {
	t.Parallel()
	b := filled(1, 3*wholeSize)
	list := files{"c": except(b, 2*wholeSize), "d": except(b, 0)}
	for _, name := range []string{"a", "b"} {
		list["large "+name], list["small "+name], list["tiny "+name] = b, b[:100], b[:10]
	}
	root := planted(t, list)
	settled()
	for name, opts := range map[string]Options{
		"plain":     {},
		"digests":   {Digests: true},
		"confirmed": {Confirm: func(*Result, *Set) bool { return true }},
	} {
		for night := range 2 {
			store := cache.In(t.TempDir())
			if night > 0 {
				found(t, stamped(t, root), Options{Cache: store})
			}
			for at, ended := int64(1), false; !ended; at++ {
				opts.Cache = nil
				if night > 0 {
					opts.Cache = store
				}
				ended = !stop(t, root, opts, at, fmt.Sprintf("%s, night %d, read %d", name, night, at))
			}
		}
	}
}

// stop stops a search before a read; false if it was over by then.
func stop(t *testing.T, root string, opts Options, at int64, label string) bool {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var done, reads atomic.Int64
	opts.Workers = 1
	opts.OnDone = func(n, _ int64) { done.Add(n) }
	opts.Throttle = func(ctx context.Context, _ int64) error {
		if reads.Add(1) == at {
			cancel()
		}
		return ctx.Err()
	}
	tree := stamped(t, root)
	res, err := Find(ctx, tree, opts)
	if done.Load() > res.Candidates || done.Load() == res.Candidates && pathsOf(res) != oracle(t, tree) {
		t.Errorf("%s: %d of %d done, found\n%s", label, done.Load(), res.Candidates, pathsOf(res))
	}
	return err != nil
}
