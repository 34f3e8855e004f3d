package hash

import (
	"context"
	"sync"
)

// schedule hands out the work of the lockstep stage and keeps the number of
// open files within bounds. A class that has been begun holds descriptors and
// comes before one that has not: so descriptors are always given back in the
// end, and nobody waits for them while those who hold them wait for a worker.
type schedule struct {
	mu      sync.Mutex
	changed *sync.Cond
	waiting []span   // not begun, in the order of the disk
	begun   []*class // parted from another class
	free    int      // descriptors
	busy    int      // pieces of work handed out and not finished
	stopped bool
}

// newSchedule returns a schedule for spans none of which is larger than free.
func newSchedule(waiting []span, free int) *schedule {
	s := &schedule{waiting: waiting, free: free}
	s.changed = sync.NewCond(&s.mu)
	return s
}

// next waits for a piece of work: a class that goes on or else a span to begin,
// for which as many descriptors are set aside as it has members. It returns
// false when there will be no more. Each piece ends with a call of finish.
func (s *schedule) next() (c *class, sp span, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.stopped {
		if n := len(s.begun); n > 0 {
			c, s.begun = s.begun[n-1], s.begun[:n-1]
			s.busy++
			return c, sp, true
		}
		if len(s.waiting) > 0 && s.waiting[0].len() <= s.free {
			sp, s.waiting = s.waiting[0], s.waiting[1:]
			s.free -= sp.len()
			s.busy++
			return nil, sp, true
		}
		if len(s.waiting) == 0 && s.busy == 0 {
			break
		}
		s.changed.Wait()
	}
	return nil, span{}, false
}

// add hands over a class that parted from another, with its descriptors.
func (s *schedule) add(c *class) { s.change(func() { s.begun = append(s.begun, c) }) }

// release gives descriptors back.
func (s *schedule) release(n int) { s.change(func() { s.free += n }) }

// change tells those who wait of what by has changed.
func (s *schedule) change(by func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	by()
	s.changed.Broadcast()
}

// isLast reports whether the caller's piece of work is the last one.
func (s *schedule) isLast() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.busy == 1 && len(s.begun) == 0 && len(s.waiting) == 0
}

// finish ends a piece of work.
func (s *schedule) finish() { s.change(func() { s.busy-- }) }

// stop makes next return false from now on.
func (s *schedule) stop() { s.change(func() { s.stopped = true }) }

// stopWith stops the work when ctx ends. The function that it returns ends
// that, and waits for it if it is under way.
func (s *schedule) stopWith(ctx context.Context) func() {
	ended := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(ended)
		s.stop()
	})
	return func() {
		if !cancel() {
			<-ended
		}
	}
}

// close closes the classes that nobody took after a stop.
func (s *schedule) close() {
	for _, c := range s.begun {
		c.close()
	}
	s.begun = nil
}
