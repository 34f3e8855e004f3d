package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/report/output"
)

// stoppedError is the cause of a context that a signal ended.
type stoppedError struct{ signal syscall.Signal }

func (e stoppedError) Error() string { return "stopped by " + unix.SignalName(e.signal) }

// soon is within what a run ends after a signal, unless a system call does not return: a
// network or FUSE filesystem that does not answer holds it, whatever the signal.
const soon = 5 * time.Second

// withSignals returns a context that the first SIGINT, SIGTERM or SIGHUP ends,
// so that the work stops where everything is consistent. A second one ends the
// program at once: that is safe as well, as being killed is, but leaves
// temporary names to the next run. SIGUSR1 calls status; late is called once if the
// first signal has not ended the work after a while. A SIGHUP that is ignored, as under
// nohup, stays so.
func withSignals(status, late func()) (ctx context.Context, release func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGUSR1)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		for s := range signals {
			number, _ := s.(syscall.Signal)
			if number == syscall.SIGUSR1 {
				go status() // which waits where nobody reads what it says
				continue
			}
			if ctx.Err() != nil {
				os.Exit(signalled + int(number))
			}
			cancel(stoppedError{number})
			time.AfterFunc(soon, late)
		}
	}()
	return ctx, func() { signal.Stop(signals) }
}

// The first thread is main's alone, which only waits: the kernel gives a signal for the process
// to that thread, and to no other while it hangs in a filesystem that does not answer
// (complete_signal in the kernel; measured with FUSE: SIGTERM stays pending).
func init() { runtime.LockOSThread() }

// offFirstThread does the work on other threads, and returns its result. Only main may call it.
func offFirstThread(work func() int) int {
	code := make(chan int)
	go func() { code <- work() }()
	return <-code
}

// interruptible is a reader that a signal ends: who writes a list may be slow, and a
// read of a pipe or a terminal knows of no context.
type interruptible struct {
	ctx  context.Context
	from *os.File // which yields either bytes or an error
}

func (r interruptible) Read(p []byte) (int, error) {
	own := make([]byte, len(p)) // p is the caller's again after this
	n, err := before(r.ctx, func() (int, error) { return r.from.Read(own) })
	return copy(p, own[:n]), err
}

// interruptibleWriter is a writer that a signal ends: it may be a pipe that nobody reads.
type interruptibleWriter struct {
	ctx context.Context
	to  io.Writer
}

func (w interruptibleWriter) Write(p []byte) (int, error) {
	own := bytes.Clone(p) // p is the caller's again after this
	err := output.Until(w.ctx, func() error {
		_, err := w.to.Write(own)
		return err
	})
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// before returns what the work yields, or nothing but the cause of ctx when that ends first.
func before[T any](ctx context.Context, work func() (T, error)) (result T, err error) {
	var own T // which work that goes on may still write to
	err = output.Until(ctx, func() (err error) {
		own, err = work()
		return err
	})
	if err != nil {
		return result, err
	}
	return own, nil
}
