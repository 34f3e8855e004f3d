package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// stoppedError is the cause of a context that a signal ended.
type stoppedError struct{ signal syscall.Signal }

func (e stoppedError) Error() string { return "stopped by " + e.name() }

func (e stoppedError) name() string {
	if e.signal == syscall.SIGINT {
		return "SIGINT"
	}
	return "SIGTERM"
}

// withSignals returns a context that the first SIGINT or SIGTERM ends, so that
// the work stops where everything is consistent. A second one ends the program
// at once: that is safe as well, as being killed is, but leaves temporary names
// to the next run.
func withSignals() (ctx context.Context, release func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		for s := range signals {
			number, _ := s.(syscall.Signal)
			if ctx.Err() != nil {
				os.Exit(signalled + int(number))
			}
			cancel(stoppedError{number})
		}
	}()
	return ctx, func() { signal.Stop(signals) }
}
