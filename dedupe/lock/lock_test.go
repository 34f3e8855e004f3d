package lock

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func holder(command string) Holder {
	return Holder{PID: os.Getpid(), Command: command, Started: time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)}
}

// flock(2) belongs to the open file, so two sets of one process stand for two runs.
func TestTake(t *testing.T) {
	dir := t.TempDir()
	first, second := New(dir, holder("first")), New(dir, holder("second"))
	if err := first.Take(t.Context(), []uint64{1, 2, 2}, 0); err != nil {
		t.Fatal(err)
	}
	err := second.Take(t.Context(), []uint64{3, 2}, 0)
	held, ok := errors.AsType[*HeldError](err)
	if !ok || held.Device != 2 || held.Holder != holder("first") {
		t.Fatalf("%v, want a HeldError that names the first run", err)
	}
	for _, want := range []string{"2026-11-22T02:00:00Z", "first", "pid "} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not tell %q", err, want)
		}
	}
	if err := first.Take(t.Context(), []uint64{3}, 0); err != nil {
		t.Errorf("a run that failed keeps a lock: %v", err)
	}
	if err := second.Take(t.Context(), []uint64{4}, 0); err != nil {
		t.Errorf("another device: %v", err)
	}
	first.Release()
	if err := second.Take(t.Context(), []uint64{1, 2, 3}, 0); err != nil {
		t.Errorf("after release: %v", err)
	}
}

// Two runs that each want what the other holds both come through.
func TestTakeCrosswise(t *testing.T) {
	dir := t.TempDir()
	done := make(chan error, 2)
	for _, order := range [][]uint64{{1, 2}, {2, 1}} {
		go func() {
			s := New(dir, holder("x"))
			for range 20 {
				for _, dev := range order {
					if err := s.Take(t.Context(), []uint64{dev}, time.Minute); err != nil {
						done <- err
						return
					}
				}
				s.Release()
			}
			done <- nil
		}()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestTakeWaits(t *testing.T) {
	dir := t.TempDir()
	first, second := New(dir, holder("first")), New(dir, holder("second"))
	if err := first.Take(t.Context(), []uint64{7}, 0); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := second.Take(t.Context(), []uint64{7}, 300*time.Millisecond); err == nil {
		t.Fatal("two runs hold one lock")
	}
	if waited := time.Since(start); waited < 300*time.Millisecond {
		t.Errorf("gave up after %v", waited)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if err := second.Take(ctx, []uint64{7}, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the context's error", err)
	}
	time.AfterFunc(50*time.Millisecond, first.Release)
	if err := second.Take(t.Context(), []uint64{7}, time.Minute); err != nil {
		t.Error(err)
	}
}

// TestOnWait: it is told once whom a run waits for, however long, and not where it does not wait.
func TestOnWait(t *testing.T) {
	dir := t.TempDir()
	first, second := New(dir, holder("first")), New(dir, holder("second"))
	var told []string
	second.OnWait = func(held *HeldError) { told = append(told, held.Holder.Command) }
	take := func(wait time.Duration) { _ = second.Take(t.Context(), []uint64{7}, wait) }
	take(time.Hour)
	second.Release()
	if err := first.Take(t.Context(), []uint64{7}, 0); err != nil {
		t.Fatal(err)
	}
	take(0)
	take(3 * lookEvery)
	if !slices.Equal(told, []string{"first"}) {
		t.Errorf("told %q", told)
	}
}

const childDir = "ONEINODE_LOCK_CHILD"

// A dead process holds nothing, though its words are still in the file.
func TestDeadHolder(t *testing.T) {
	if dir := os.Getenv(childDir); dir != "" {
		s := New(dir, holder("child"))
		if err := s.Take(t.Context(), []uint64{9}, 0); err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("held\n")
		time.Sleep(time.Hour)
	}
	dir := t.TempDir()
	child := exec.Command(os.Args[0], "-test.run", "^TestDeadHolder$")
	child.Env = append(os.Environ(), childDir+"="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatal(line, err)
	}
	s := New(dir, holder("next"))
	held, ok := errors.AsType[*HeldError](s.Take(t.Context(), []uint64{9}, 0))
	if !ok || held.Holder.PID == 0 {
		t.Error("a living process's lock was not seen")
	}
	child.Process.Kill()
	child.Wait()
	if err := s.Take(t.Context(), []uint64{9}, 0); err != nil {
		t.Error(err)
	}
}

// What a file says of an earlier, longer-winded holder is not mixed with the next one's
// words, and goes when that one has ended.
func TestHolderIsReplaced(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, locksDir, "0-7.lock")
	dead := holder(strings.Repeat("a long command ", 20))
	text, err := json.Marshal(dead)
	if err == nil {
		err = errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, text, 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	first, second := New(dir, holder("first")), New(dir, holder("second"))
	if err := first.Take(t.Context(), []uint64{7}, 0); err != nil {
		t.Fatal(err)
	}
	held, ok := errors.AsType[*HeldError](second.Take(t.Context(), []uint64{7}, 0))
	if !ok || held.Holder != holder("first") {
		t.Errorf("held by %+v", held)
	}
	first.Release()
	if left, err := os.ReadFile(path); err != nil || len(left) != 0 {
		t.Errorf("the file still says %q, %v", left, err)
	}
}

// TestHeld: only who has the lock is in the way, not who asks about it, however many.
func TestHeld(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	open := func() *os.File {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	asking := open()
	if shared, err := try(asking, unix.LOCK_SH); !shared || err != nil {
		t.Fatal(shared, err)
	}
	if held, err := Held(open()); held || err != nil {
		t.Errorf("%v, %v: one who asks is in the way of another", held, err)
	}
	go func() {
		time.Sleep(20 * time.Millisecond)
		asking.Close()
	}()
	holder := open()
	if free, err := Try(holder); !free || err != nil {
		t.Fatalf("%v, %v: one who asks has kept the lock from one who needs it", free, err)
	}
	if held, err := Held(open()); !held || err != nil {
		t.Errorf("%v, %v: nobody sees the lock", held, err)
	}
	if free, err := Try(open()); free || err != nil {
		t.Errorf("%v, %v: two have the lock", free, err)
	}
	holder.Close()
	if held, err := Held(open()); held || err != nil {
		t.Errorf("%v, %v: a lock outlives its file", held, err)
	}
}
