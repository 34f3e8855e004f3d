package dedupe

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/oneinode/oneinode/hash"
)

// mustCompare: by wish, without leases, when either file is so young that its
// times may not tell of a late change, or when it was not read in this run.
func (a *applier) mustCompare(j *job, v *jobInode) bool {
	b, t := a.opts.Barrier, a.res.Tree
	return a.opts.Bytes || j.keeper.Unread || v.Unread ||
		!j.keeper.held.guarded(t.Filesystem(j.keeper.Name)) || !v.held.guarded(t.Filesystem(v.Name)) ||
		!b.covers(t.Domain(j.keeper.Name), j.keeper.Ctime) || !b.covers(t.Domain(v.Name), v.Ctime)
}

// compare reads both files to the end, and proves that nothing moved meanwhile.
func compare(ctx context.Context, keeper, victim *handle) *refusal {
	ctx, stop := watchLeases(ctx, keeper, victim)
	defer stop()
	same, err := hash.SameBytes(ctx, keeper.fd, victim.fd, victim.stat.Size)
	if context.Cause(ctx) == errKnock {
		return skip(ReasonBusy)
	}
	switch {
	case errors.Is(err, hash.ErrShort):
		return skip(ReasonChanged)
	case err != nil:
		return refused(err)
	case !same:
		return skip(ReasonDiffers)
	}
	if r := keeper.recheck(); r != nil {
		return lost(r)
	}
	return victim.recheck()
}

// hasContent proves that so many bytes of an open file are those of a digest.
func hasContent(ctx context.Context, fd int, size int64, want hash.Digest) *refusal {
	got, err := hash.Sum(ctx, fd, size)
	switch {
	case errors.Is(err, hash.ErrShort): // truncated while it was read
		return skip(ReasonEdited)
	case err != nil:
		return refused(err)
	case got != want:
		return skip(ReasonEdited)
	}
	return nil
}

// errKnock ends a comparison because a writer waits for one of the files.
var errKnock = errors.New(ReasonBusy)

const (
	// watched is the size in bytes from which a comparison may take so long that
	// a waiting writer would notice: 64 MiB take some 50 ms from memory.
	watched    = 64 << 20
	watchEvery = 50 * time.Millisecond
)

// watchLeases ends the context it returns when a writer knocks at one of the
// files. Small files are not worth watching.
func watchLeases(ctx context.Context, files ...*handle) (context.Context, func()) {
	if files[0].stat.Size < watched {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			if slices.ContainsFunc(files, (*handle).knocked) {
				cancel(errKnock)
			}
			select {
			case <-ctx.Done():
			case <-time.After(watchEvery):
			}
		}
	})
	return ctx, func() { cancel(nil); wg.Wait() }
}
