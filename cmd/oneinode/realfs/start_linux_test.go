package realfs_test

import (
	"bytes"
	"context"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// running is a run that the test disturbs meanwhile.
type running struct {
	p              *Program
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	done           chan struct{} // closed at the end
	err            error
}

// Start begins a run under another program, or under none.
func (p *Program) Start(before []string, args ...string) *running {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	r := &running{p: p, cmd: p.Command(ctx, before, args...), done: make(chan struct{})}
	r.begin(cancel)
	return r
}

func (r *running) begin(ended func()) {
	r.p.t.Helper()
	r.cmd.Stdout, r.cmd.Stderr = &r.stdout, &r.stderr
	must(r.p.t, r.cmd.Start())
	go func() {
		defer ended()
		r.err = r.cmd.Wait()
		close(r.done)
	}()
}

// kill sends a signal to the run and to what it runs under.
func (r *running) kill(sig syscall.Signal) { syscall.Kill(-r.cmd.Process.Pid, sig) }

func (r *running) wait() Result {
	r.p.t.Helper()
	<-r.done
	return Result{args: r.cmd.Args, Stdout: r.stdout.String(), Stderr: r.stderr.String(), Code: r.p.code(r.err)}
}

// watch sees the names that appear in the directories of a tree.
type watch struct {
	fd   int
	seen time.Time // when temporary saw its name; the end of the run if there was none
}

func watchNames(t testing.TB, dir string) *watch {
	t.Helper()
	w := &watch{fd: inotify(t, dir, unix.IN_CREATE)}
	t.Cleanup(w.close)
	return w
}

// replacing starts a run with calls that strace slows down, and waits for its first temporary
// name in a tree.
func (p *Program) replacing(dir string, slow []string, args ...string) (*watch, *running) {
	p.t.Helper()
	names := watchNames(p.t, dir)
	run := p.Start(strace(p.t, slow), args...)
	if !names.temporary(run.done) {
		p.t.Fatal("no temporary name was seen")
	}
	return names, run
}

// inotify watches the directories of a tree.
func inotify(t testing.TB, dir string, events uint32) (fd int) {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	must(t, err)
	must(t, filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return err
		}
		_, err = unix.InotifyAddWatch(fd, path, events)
		return err
	}))
	return fd
}

// happened yields the names of the events that wait to be read.
func happened(fd int) iter.Seq2[*unix.InotifyEvent, string] {
	return func(yield func(*unix.InotifyEvent, string) bool) {
		buf := make([]byte, 64<<10)
		for n, _ := unix.Read(fd, buf); n > 0; n, _ = unix.Read(fd, buf) {
			for at := 0; at+unix.SizeofInotifyEvent <= n; {
				event := (*unix.InotifyEvent)(unsafe.Pointer(&buf[at]))
				at += unix.SizeofInotifyEvent
				if name := string(buf[at : at+int(event.Len)]); !yield(event, strings.TrimRight(name, "\x00")) {
					return
				}
				at += int(event.Len)
			}
		}
	}
}

// close ends the watch; a user may have but 128 of them.
func (w *watch) close() {
	if w.fd >= 0 {
		unix.Close(w.fd)
	}
	w.fd = -1
}

// temporary waits for the first temporary name of the program, or for the end
// of the run. It reports whether there was one.
func (w *watch) temporary(done <-chan struct{}) bool {
	if !w.seen.IsZero() {
		return true
	}
	for {
		over := false
		select {
		case <-done:
			over = true
		default:
		}
		poll := []unix.PollFd{{Fd: int32(w.fd), Events: unix.POLLIN}}
		unix.Poll(poll, 5)
		if w.read() || over {
			found := !w.seen.IsZero()
			if !found {
				w.seen = time.Now()
			}
			return found
		}
	}
}

func (w *watch) read() bool {
	for _, name := range happened(w.fd) {
		if strings.HasPrefix(name, ".oneinode-") {
			w.seen = time.Now()
			return true
		}
	}
	return false
}

// untilInTime tries again what came too late: on a busy machine a test may sleep through the moment
// that it waits for, and the disk be told what a power cut was to lose. The tries go on for as long as
// the machine may be busy: where somebody calls sync(2) every second, one cut in ten is in time. What a
// try has mounted goes with it.
func untilInTime(t *testing.T, try func(t *testing.T) (inTime bool)) {
	t.Helper()
	start, inTime := time.Now(), false
	for i := 0; !inTime && !t.Failed(); i++ {
		if i >= 20 && time.Since(start) > patience {
			t.Fatal("always too late: this shows nothing")
		}
		t.Run("try", func(t *testing.T) {
			defer func() { inTime = inTime || t.Skipped() }()
			inTime = try(t)
		})
	}
}

// strace returns the command line that makes system calls fail or wait; with
// paths only calls that concern one of these.
func strace(t testing.TB, inject []string, paths ...string) []string {
	t.Helper()
	needTools(t, "strace")
	line := []string{"strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null"}
	if len(paths) > 0 {
		// The filter in the kernel knows no paths.
		line = []string{"strace", "-f", "-qq", "-o", "/dev/null"}
	}
	var calls []string
	for _, rule := range inject {
		call, _, _ := strings.Cut(rule, ":")
		calls = append(calls, call)
	}
	line = append(line, "-e", "trace="+strings.Join(calls, ","))
	for _, rule := range inject {
		line = append(line, "-e", "inject="+rule)
	}
	for _, path := range paths {
		line = append(line, "-P", path)
	}
	return line
}
