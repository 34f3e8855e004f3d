package main

import (
	"context"
	"io/fs"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// The rate holds over any stretch of time, however many readers there are.
func TestBucketIsSmooth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bucket{rate: 1000}
		start := time.Now()
		var wg sync.WaitGroup
		var mu sync.Mutex
		perSecond := map[int]int{}
		for range 10 {
			wg.Go(func() {
				for range 20 {
					if err := b.wait(t.Context(), 50); err != nil {
						t.Error(err)
					}
					mu.Lock()
					perSecond[int(time.Since(start)/time.Second)] += 50
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if took := time.Since(start); took < 9900*time.Millisecond || took > 10*time.Second {
			t.Errorf("10,000 bytes at 1,000 a second took %v", took)
		}
		for second, bytes := range perSecond {
			if bytes > 1050 {
				t.Errorf("%d bytes in second %d", bytes, second)
			}
		}
		time.Sleep(time.Hour) // nothing is saved up meanwhile
		before := time.Now()
		b.wait(t.Context(), 1000)
		b.wait(t.Context(), 1)
		if time.Since(before) < time.Second-lateness {
			t.Error("a burst after a pause")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		b.wait(t.Context(), 1000)
		if err := b.wait(ctx, 1); err == nil {
			t.Error("no error though ctx ended")
		}
	})
}

// TestBucketMakesUpForLateness: timers wake who waits later than asked; were that lost, small
// reads would come to less than half of the rate.
func TestBucketMakesUpForLateness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, start := &bucket{rate: 1000}, time.Now()
		for range 1000 {
			if err := b.wait(t.Context(), 10); err != nil {
				t.Fatal(err)
			}
			time.Sleep(15 * time.Millisecond) // as a late timer does: more than a slot of 10 ms
			b.wait(t.Context(), 10)
		}
		if took := time.Since(start); took > 20*time.Second+lateness {
			t.Errorf("20,000 bytes at 1,000 a second took %v", took)
		}
	})
}

func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(t.Context(), pace{duration: 100 * time.Minute})
		defer b.release()
		time.Sleep(95*time.Minute - time.Second)
		synctest.Wait()
		if b.reading.Err() != nil {
			t.Error("reading ended early")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if spentBy(b.reading) != "--max-duration" || b.linking.Err() != nil {
			t.Errorf("at 95 of 100 minutes: reading %v, linking %v", context.Cause(b.reading), b.linking.Err())
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if spentBy(b.linking) != "--max-duration" {
			t.Error("linking goes on after the end")
		}
	})
	b := newBudget(t.Context(), pace{read: 10})
	defer b.release()
	b.onRead(9)
	if !b.limited() || b.reading.Err() != nil {
		t.Error("ended before --max-read")
	}
	b.onRead(1)
	if spentBy(b.reading) != "--max-read" || b.linking.Err() != nil {
		t.Error("not ended by --max-read")
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stoppedError{2})
	if spentBy(ctx) != "" {
		t.Error("a signal is no limit")
	}
}

// TestBudgetShort: of a short time more than a tenth is left for linking, or one run
// after another reads the same and links nothing.
func TestBudgetShort(t *testing.T) {
	for p, reading := range map[pace]time.Duration{
		{duration: time.Second, links: true}:     time.Second / 2,
		{duration: time.Minute, links: true}:     50 * time.Second,
		{duration: 2 * time.Minute, links: true}: 108 * time.Second,
		{duration: 3 * time.Hour, links: true}:   175 * time.Minute,
		{duration: time.Second}:                  900 * time.Millisecond,
	} {
		synctest.Test(t, func(t *testing.T) {
			b, start := newBudget(t.Context(), p), time.Now()
			defer b.release()
			<-b.reading.Done()
			if took := time.Since(start); took != reading || b.linking.Err() != nil {
				t.Errorf("of %v, %v are for reading, want %v; then %v", p.duration, took, reading, b.linking.Err())
			}
		})
	}
}

// That the time is over is no fault; a journal that could not be written in that time is one.
func TestUnlessSpent(t *testing.T) {
	ctx, cancel := context.WithTimeoutCause(t.Context(), 0, spentError{"--max-duration"})
	defer cancel()
	if err := unlessSpent(ctx.Err()); err != nil {
		t.Error(err)
	}
	if err := unlessSpent(fullFault(&fs.PathError{Op: "write", Path: "j", Err: syscall.ENOSPC})); err == nil {
		t.Error("untold")
	}
}
