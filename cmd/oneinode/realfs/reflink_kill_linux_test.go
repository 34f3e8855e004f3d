package realfs_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestReflinkKill: kill -9 at random moments changes nothing that can be seen:
// every path shows its content at every instant, and keeps its inode, its times
// and all else. The next run finishes the job.
func TestReflinkKill(t *testing.T) {
	t.Parallel()
	eachReflinking(t, func(t *testing.T, place string) {
		begun := 0
		whole := reflinkKill(t, place, -1)
		for i := range max(trials()/10, 4) {
			wait := rand.N(max(whole.replacing, time.Millisecond))
			if r := reflinkKill(t, place, wait); r.begun {
				begun++
			}
			if t.Failed() {
				t.Fatalf("stopped at trial %d: killed %v after the first record", i, wait)
			}
		}
		t.Logf("%d trials: %d killed with a part of the job done", max(trials()/10, 4), begun)
	})
}

// reflinkKill kills a run so long after its first record; with less than 0 never.
func reflinkKill(t *testing.T, place string, wait time.Duration) (r trial) {
	t.Helper()
	dir, err := os.MkdirTemp(place, "t-")
	must(t, err)
	defer os.RemoveAll(dir)
	makeShareable(t, dir, 6, 25)
	before, apart := Manifest(t, dir), Apart(t, dir, nil)
	oneinode, stop := Oneinode(t), reading(t, dir, before)
	run := oneinode.Start(nil, "dedupe", "-q", "--link", "reflink", dir)
	awaitJournal(oneinode, run.done)
	start := time.Now()
	if wait >= 0 {
		time.Sleep(wait)
		run.kill(syscall.SIGKILL)
	}
	run.wait()
	stop()
	r.replacing = time.Since(start)
	after := Manifest(t, dir)
	checkIdentical(t, before.settled(), after.settled())
	left := Apart(t, dir, nil)
	r.begun = left < apart && left > 0
	oneinode.Dedupe(0, "--link", "reflink", dir)
	after = Manifest(t, dir)
	checkIdentical(t, before.settled(), after.settled())
	if left := Leftovers(after); len(left) != 0 {
		t.Errorf("the next run leaves %q", left)
	}
	if n := Apart(t, dir, nil); n != 0 {
		t.Errorf("the next run leaves %d copies that could share", n)
	}
	return r
}

// sharingFaults are the calls of a run that shares blocks, and their errors.
// What a run that replaces names needs besides is TestFault's.
var sharingFaults = []fault{
	{"ioctl", []string{"EIO", "EINVAL", "EOPNOTSUPP", "EXDEV", "EPERM", "ENOSPC", "ETXTBSY", "EINTR", "ENOMEM", "ENOTTY"}, true},
	{"fstat", []string{"EIO"}, true},
	{"openat", []string{"EMFILE", "EACCES"}, true},
	{"openat2", []string{"EACCES"}, false},
	{"fcntl", []string{"EAGAIN", "EINVAL"}, true},
	{"syncfs", []string{"EIO"}, false},
	{"fsync", []string{"EIO"}, false},
	{"fdatasync", []string{"EIO"}, false},
	{"pread64", []string{"EIO"}, true},
	{"write", []string{"ENOSPC"}, true},
}

// TestReflinkFault lets each system call of a run fail in turn. Whatever fails,
// nothing that can be seen has changed, and the next run finishes the job.
func TestReflinkFault(t *testing.T) {
	t.Parallel()
	needTools(t, "strace")
	eachReflinking(t, func(t *testing.T, place string) {
		for _, f := range sharingFaults {
			for _, rule := range f.rules([]string{"1", "2+3", "1+"}, 4) {
				reflinkFault(t, place, f.everywhere, rule)
			}
		}
		// A kernel that says yes and does nothing.
		reflinkFault(t, place, true, "ioctl:retval=0")
	})
}

func reflinkFault(t *testing.T, place string, everywhere bool, inject string) {
	t.Helper()
	dir, err := os.MkdirTemp(place, "t-")
	must(t, err)
	defer os.RemoveAll(dir)
	makeShareable(t, dir, 2, 10)
	before := Manifest(t, dir)
	oneinode := Oneinode(t)
	apart := Apart(t, dir, nil)
	r := oneinode.RunUnder(strace(t, []string{inject}, faultPaths(dir, before, everywhere)...), "dedupe", "--format", "json", "--link", "reflink", dir)
	checkIdentical(t, before, Manifest(t, dir))
	if !slices.Contains([]int{0, 1, 3}, r.Code) {
		t.Errorf("%s: exit code %d\n%s", inject, r.Code, r.trouble())
	}
	left := Apart(t, dir, nil)
	if left == apart && r.Stdout != "" && r.summary(t).FreedBytes > 0 {
		t.Errorf("%s: nothing is shared, and it says that %d bytes are free now", inject, r.summary(t).FreedBytes)
	}
	if left != 0 && r.Code == 0 && !designed("reflink", inject) {
		t.Errorf("%s: exit code 0, but %d copies could still share\n%s", inject, left, r.trouble())
	}
	again := oneinode.Run("dedupe", "--link", "reflink", dir)
	checkIdentical(t, before, Manifest(t, dir))
	if n := Apart(t, dir, nil); n != 0 || again.Code != 0 {
		t.Errorf("%s: the next run ends with %d and leaves %d copies that could share\n%s", inject, again.Code, n, again.trouble())
	}
	if t.Failed() {
		t.Fatalf("stopped at %s; it had ended with %d\n%s", inject, r.Code, r.trouble())
	}
}

// TestReflinkTokens: programs that overwrite, append to and map the files all
// the time, by path and through descriptors that they keep, find every byte
// where they have put it, and nowhere else, though the files come to share their
// blocks in the same moments.
func TestReflinkTokens(t *testing.T) {
	t.Parallel()
	eachReflinking(t, func(t *testing.T, disk string) {
		dir := newTree(t, disk)
		const writers, files = 4, 160
		base := noise(1, 30_000)
		paths := make([]string, files)
		for i := range paths {
			paths[i] = filepath.Join(dir, fmt.Sprintf("f%03d", i))
		}
		tokens, shared, runs := 0, int64(0), 0
		for end := time.Now().Add(attackTime()); time.Now().Before(end) && !t.Failed(); runs++ {
			for _, p := range paths { // equal again, and apart
				must(t, os.WriteFile(p, base, 0o644))
			}
			quit := make(chan struct{})
			var group sync.WaitGroup
			want := make([][]byte, files) // each file has one writer, who knows what it holds
			for w := range writers {
				group.Go(func() { writeTokens(t, quit, paths, want, base, w, writers) })
			}
			oneinode := Oneinode(t)
			for range 2 {
				r := oneinode.Run("dedupe", "--format", "json", "--link", "reflink", dir)
				if r.Code != 0 && r.Code != 3 {
					t.Errorf("exit code %d\n%s", r.Code, r.trouble())
					break
				}
				shared += r.summary(t).Linked
			}
			close(quit)
			group.Wait()
			for i, p := range paths {
				if want[i] != nil {
					tokens++
					wantContent(t, p, want[i])
				} else {
					wantContent(t, p, base)
				}
			}
		}
		t.Logf("%d files written to in the middle of %d rounds, in which %d names were shared", tokens, runs, shared)
		if tokens == 0 || shared == 0 {
			t.Error("nothing happened: this shows nothing")
		}
	})
}

// writeTokens changes files of its own, every writers'th, until it is told to end.
func writeTokens(t testing.TB, quit <-chan struct{}, paths []string, want [][]byte, base []byte, me, writers int) {
	random := rand.New(rand.NewPCG(uint64(me), uint64(time.Now().UnixNano())))
	kept := map[int]*os.File{}
	defer func() {
		for _, f := range kept {
			f.Close()
		}
	}()
	for k := 0; ; k++ {
		select {
		case <-quit:
			return
		default:
		}
		i := random.IntN(len(paths)/writers/2)*2*writers + me // half of the files stay quiet
		if want[i] == nil {
			want[i] = slices.Clone(base)
		}
		f := kept[i]
		if f == nil {
			var err error
			if f, err = os.OpenFile(paths[i], os.O_RDWR, 0); err != nil {
				t.Error(err)
				return
			}
		}
		token := fmt.Appendf(nil, "token %d of %d", k, me)
		at := random.IntN(len(want[i]))
		if random.IntN(4) == 0 {
			at = len(want[i])
		}
		if _, err := f.WriteAt(token, int64(at)); err != nil {
			t.Error(err)
			return
		}
		want[i] = append(want[i], make([]byte, max(0, at+len(token)-len(want[i])))...)
		copy(want[i][at:], token)
		switch {
		case k%8 == 0:
			kept[i] = f
		case kept[i] == nil:
			f.Close()
		}
		time.Sleep(time.Duration(random.IntN(1500)) * time.Microsecond)
	}
}
