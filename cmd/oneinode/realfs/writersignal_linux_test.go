package realfs_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// turnedWriter writes to a file from a thread that a test can interrupt: open(2)
// then begins anew (SA_RESTART, signal(7)), and looks the name up once more.
type turnedWriter struct {
	thread int
	done   chan error
}

// takeOnly has the goroutine's thread, which ends with it, take no signal but that; 0 for none.
func takeOnly(signal unix.Signal) error {
	runtime.LockOSThread()
	var others unix.Sigset_t
	for i := range others.Val {
		others.Val[i]--
	}
	if signal != 0 {
		others.Val[0] &^= 1 << (signal - 1)
	}
	return unix.PthreadSigmask(unix.SIG_SETMASK, &others, nil)
}

// undisturbed acts as a program does that nobody sends signals to: no open(2) of it is begun
// anew, as Go's threads have each other do.
func undisturbed(act func() error) error {
	done := make(chan error)
	go func() { done <- errors.Join(takeOnly(0), act()) }()
	return <-done
}

// writeTurned opens path and overwrites its first bytes, in a thread that takes no
// signal but those of turn.
func writeTurned(path string) *turnedWriter {
	started := make(chan int)
	w := &turnedWriter{done: make(chan error, 1)}
	go func() {
		err := takeOnly(unix.SIGURG)
		started <- unix.Gettid()
		if err == nil {
			err = writeLate(path, 0)
		}
		w.done <- err
	}()
	w.thread = <-started
	return w
}

// turn interrupts the writer with the signal that Go's runtime takes and forgets.
func (w *turnedWriter) turn() { unix.Tgkill(os.Getpid(), w.thread, unix.SIGURG) }

// TestWriterTurned: a writer that signals send back and forth between the old file
// and the kept one, while the names are exchanged and exchanged back, finds its
// bytes at its path. Each exchange takes 300 ms here: one signal moves the writer
// to the kept file during the second, another one back during the third.
func TestWriterTurned(t *testing.T) {
	t.Parallel()
	for _, link := range []string{"hard", "symlink"} {
		for _, turns := range []string{"", "750", "450", "450 750", "450 1050", "450 750 1050 1350"} {
			t.Run(link+"/"+turns, func(t *testing.T) {
				t.Parallel()
				writerTurned(t, link, strings.Fields(turns))
			})
		}
	}
}

func writerTurned(t *testing.T, link string, turns []string) {
	dir := tempDir(t)
	_, victim, content := duo(t, dir)
	names, run := Oneinode(t).replacing(dir, []string{"renameat2:delay_enter=300ms"}, "dedupe", "--link", link, dir)
	time.Sleep(time.Until(names.seen.Add(100 * time.Millisecond)))
	writer := writeTurned(victim)
	for _, at := range turns {
		after, err := time.ParseDuration(at + "ms")
		must(t, err)
		time.Sleep(time.Until(names.seen.Add(after)))
		writer.turn()
	}
	run.wait().want(t, 0)
	must(t, <-writer.done)
	wantContent(t, filepath.Join(dir, "victim"), append([]byte("LATE"), content[4:]...))
	noLeftovers(t, Manifest(t, dir))
}
