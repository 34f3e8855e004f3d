package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// linkShare of --max-duration is kept for linking what was found: a tenth,
	// but no more than linkTime, in which some million names can be linked. A run that
	// links keeps linkLeast, or half: reading ends late (0.2 s, seen on a busy machine), so that
	// one short run after another read the same and linked nothing.
	linkShare = 10
	linkTime  = 5 * time.Minute
	linkLeast = 10 * time.Second
)

// forLinking is how much of --max-duration is kept for what comes after the reading.
func (p *pace) forLinking() time.Duration {
	kept := min(p.duration/linkShare, linkTime)
	if p.links {
		kept = max(kept, min(p.duration/2, linkLeast))
	}
	return kept
}

// spentError is the cause of a context that a limit of the user ended.
type spentError struct{ flag string }

func (e spentError) Error() string { return "stopped by " + e.flag }

// spentBy returns the flag whose limit ended ctx, "" if none did.
func spentBy(ctx context.Context) string {
	spent, _ := errors.AsType[spentError](context.Cause(ctx))
	return spent.flag
}

// unlessSpent is what went wrong besides where a limit of time has ended the work.
func unlessSpent(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// budget ends the work where the user's limits are reached: first the reading,
// then the linking of what was found.
type budget struct {
	pace
	reading, linking context.Context
	cancel           context.CancelCauseFunc
	release          func()
	bytes            atomic.Int64 // read so far
	bucket           *bucket      // nil without --io-limit
}

// newBudget starts the clock. release must be called at the end.
func newBudget(ctx context.Context, p pace) *budget {
	b := &budget{pace: p, linking: ctx, reading: ctx}
	stopLinking, stopReading := func() {}, func() {}
	if p.duration > 0 {
		spent := spentError{"--max-duration"}
		b.linking, stopLinking = context.WithTimeoutCause(ctx, p.duration, spent)
		b.reading, stopReading = context.WithTimeoutCause(ctx, p.duration-p.forLinking(), spent)
	}
	b.reading, b.cancel = context.WithCancelCause(b.reading)
	b.release = func() { b.cancel(nil); stopReading(); stopLinking() }
	if p.rate > 0 {
		b.bucket = &bucket{rate: p.rate}
	}
	return b
}

// limited reports whether the run may have to stop before its end, so that the
// order of the work matters.
func (b *budget) limited() bool { return b.duration > 0 || b.read > 0 }

// onRead counts bytes and ends the reading when they are enough.
func (b *budget) onRead(n int64) {
	if total := b.bytes.Add(n); b.read > 0 && total >= b.read {
		b.cancel(spentError{"--max-read"})
	}
}

// bucket spreads reads evenly over time: each read of n bytes has a slot of
// n/rate seconds to itself. Next to nothing is saved up while nobody reads, so there are
// no bursts. Safe for concurrent use.
type bucket struct {
	rate int64 // bytes per second

	mu   sync.Mutex
	next time.Time // when the slots given away end
}

// lateness is what is made up for: a timer wakes its waiter up to some milliseconds late, and the
// slot of a small file takes a tenth of one. Were it lost, 60M came to 26 MiB a second on
// a busy machine.
const lateness = 50 * time.Millisecond

// slot returns when a read of n bytes may begin.
func (b *bucket) slot(n int64, now time.Time) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := now.Add(-lateness)
	if b.next.After(at) {
		at = b.next
	}
	b.next = at.Add(time.Duration(float64(n) / float64(b.rate) * float64(time.Second)))
	return at
}

// wait returns when a read of n bytes may begin, or with the error of ctx.
func (b *bucket) wait(ctx context.Context, n int64) error {
	now := time.Now()
	pause := b.slot(n, now).Sub(now)
	if pause <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// throttle is what asks before each read, nil where nobody need be asked.
func (b *budget) throttle() func(context.Context, int64) error {
	if b.bucket == nil {
		return nil
	}
	return b.bucket.wait
}
