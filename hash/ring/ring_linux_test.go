package ring

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// newRing skips where the kernel gives none.
func newRing(t *testing.T, size int) *Ring {
	t.Helper()
	r, err := New(size)
	if err != nil {
		t.Skipf("no io_uring here: %v", err)
	}
	t.Cleanup(r.Close)
	return r
}

func openFile(t *testing.T, content []byte) int {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// TestRead reads files of all sizes, more at a time than the ring has room for.
func TestRead(t *testing.T) {
	r := newRing(t, 8)
	rnd := rand.New(rand.NewPCG(1, 2))
	for round := range 20 {
		var reads []Read
		var want [][]byte
		for i := range rnd.IntN(40) {
			content := bytes.Repeat(fmt.Appendf(nil, "%d.%d ", round, i), rnd.IntN(5000))
			off := rnd.IntN(len(content) + 1)
			reads = append(reads, Read{FD: openFile(t, content), Buf: make([]byte, rnd.IntN(len(content)+100)), Off: int64(off)})
			want = append(want, content[off:])
		}
		if err := r.Read(reads); err != nil {
			t.Fatal(err)
		}
		for i, q := range reads {
			n := min(len(want[i]), len(q.Buf))
			if q.Err != nil || q.N > n || q.N == 0 && n > 0 || !bytes.Equal(q.Buf[:q.N], want[i][:q.N]) {
				t.Errorf("round %d, read %d of %d bytes from %d: %d bytes, %v", round, i, len(q.Buf), q.Off, q.N, q.Err)
			}
		}
	}
}

// TestReadErrors: one read that fails takes no other with it.
func TestReadErrors(t *testing.T) {
	r := newRing(t, 4)
	good := openFile(t, []byte("content"))
	dir, err := unix.Open(t.TempDir(), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(dir)
	reads := []Read{
		{FD: good, Buf: make([]byte, 7)},
		{FD: -1, Buf: make([]byte, 7)},
		{FD: dir, Buf: make([]byte, 7)},
		{FD: good, Buf: make([]byte, 7), Off: 7},
		{FD: good, Buf: make([]byte, 7), Off: 3},
	}
	if err := r.Read(reads); err != nil {
		t.Fatal(err)
	}
	want := []struct {
		text string
		err  error
	}{{"content", nil}, {"", unix.EBADF}, {"", unix.EISDIR}, {"", nil}, {"tent", nil}}
	for i, w := range want {
		if q := reads[i]; q.Err != w.err || string(q.Buf[:q.N]) != w.text {
			t.Errorf("read %d: %q, %v, want %q, %v", i, q.Buf[:q.N], q.Err, w.text, w.err)
		}
	}
}

// TestReadUnderSignals: a wait that is interrupted goes on, and what arrives late is
// not lost.
func TestReadUnderSignals(t *testing.T) {
	r := newRing(t, 4)
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pipe[0])
	file := openFile(t, []byte("at once"))
	stop := make(chan struct{})
	go func() {
		defer unix.Close(pipe[1])
		for range 200 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGURG) // which Go's runtime takes for its own
			time.Sleep(time.Millisecond)
		}
		_, _ = unix.Write(pipe[1], []byte("late"))
		<-stop
	}()
	defer close(stop)
	reads := []Read{{FD: pipe[0], Buf: make([]byte, 10)}, {FD: file, Buf: make([]byte, 10)}}
	if err := r.Read(reads); err != nil {
		t.Fatal(err)
	}
	if q := reads[0]; q.Err != nil || string(q.Buf[:q.N]) != "late" {
		t.Errorf("pipe: %q, %v", q.Buf[:q.N], q.Err)
	}
	if q := reads[1]; q.Err != nil || string(q.Buf[:q.N]) != "at once" {
		t.Errorf("file: %q, %v", q.Buf[:q.N], q.Err)
	}
}

// TestReadOfBrokenRing: an error of the ring itself is told, and the buffers stay
// reachable, since the kernel may still know them.
func TestReadOfBrokenRing(t *testing.T) {
	r, err := New(4)
	if err != nil {
		t.Skipf("no io_uring here: %v", err)
	}
	unix.Close(r.fd)
	r.fd = -1
	before := len(kept)
	if err := r.Read([]Read{{FD: openFile(t, []byte("x")), Buf: make([]byte, 1)}}); err == nil {
		t.Error("no error")
	}
	if len(kept) != before+1 {
		t.Error("the buffers are not kept")
	}
}

// TestReadRefused: a kernel that has no memory for a read is asked again, but not for ever.
func TestReadRefused(t *testing.T) {
	r := newRing(t, 4)
	for _, errno := range []unix.Errno{unix.EAGAIN, unix.EBUSY} {
		calls := 0
		err := r.carryOut(make([]Read, 2), func(int, int) (int, error) { calls++; return 0, errno })
		if err != errno || calls != mostRefusals+1 {
			t.Errorf("%v after %d calls", err, calls)
		}
	}
	// What moves again is waited for; a signal is no refusal.
	answers, calls := []error{unix.EAGAIN, unix.EINTR, unix.EBUSY}, 0
	reads := []Read{{FD: openFile(t, []byte("content")), Buf: bytes.Repeat([]byte{0}, 7)}} // on the heap, which does not move
	r.queue(reads)
	err := r.carryOut(reads, func(submit, wait int) (int, error) {
		if calls++; calls <= 10*len(answers) {
			return 0, answers[calls%len(answers)]
		}
		return r.enter(submit, wait)
	})
	if err != nil || reads[0].Err != nil || string(reads[0].Buf) != "content" {
		t.Errorf("%v, %+v", err, reads[0])
	}
}
