package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

const idleChild = "ONEINODE_IDLE_CHILD"

// Every thread is idle, those that are made later too. In a process of its own:
// there is no way back.
func TestGoIdle(t *testing.T) {
	if os.Getenv(idleChild) == "" {
		child := exec.Command(os.Args[0], "-test.run", "^TestGoIdle$", "-test.v")
		child.Env = append(os.Environ(), idleChild+"=1")
		if out, err := child.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	blockThreads(4, func() {
		if err := goIdle(); err != nil {
			t.Fatal(err)
		}
		blockThreads(20, func() { checkIdle(t) })
	})
}

// blockThreads calls do while so many more threads exist.
func blockThreads(n int, do func()) {
	var ready, over sync.WaitGroup
	end := make(chan struct{})
	for range n {
		ready.Add(1)
		over.Go(func() {
			runtime.LockOSThread()
			ready.Done()
			<-end
		})
	}
	ready.Wait()
	do()
	close(end)
	over.Wait()
}

func checkIdle(t *testing.T) {
	tasks, err := filepath.Glob("/proc/self/task/*")
	if err != nil || len(tasks) < 20 {
		t.Fatal(tasks, err)
	}
	for _, task := range tasks {
		tid, _ := strconv.Atoi(filepath.Base(task))
		class, _, _ := unix.Syscall(unix.SYS_IOPRIO_GET, ioprioWhoProcess, uintptr(tid), 0)
		if class != ioprioClassIdle || !isIdle(tid) {
			t.Errorf("thread %d: I/O class %#x, idle %v", tid, class, isIdle(tid))
		}
		stat, err := os.ReadFile(task + "/stat")
		if err != nil {
			t.Fatal(err)
		}
		_, after, _ := strings.Cut(string(stat), ") ")
		if nice := strings.Fields(after)[16]; nice != "19" {
			t.Errorf("thread %d: nice %s", tid, nice)
		}
	}
}
