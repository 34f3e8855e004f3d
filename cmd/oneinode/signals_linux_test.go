package main

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

func init() { signalChildren["threads"] = occupyThreads }

// A signal reaches the program however many of its threads hang: none of them is the first.
func TestFirstThreadIsFree(t *testing.T) {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), signalChild+"=threads")
	if out, err := child.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// occupyThreads is a program with many threads that wait in system calls. Its exit code is how
// often work was seen on the first thread of the process.
func occupyThreads() {
	var pipe [2]int
	if err := unix.Pipe(pipe[:]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	const threads = 100
	os.Exit(offFirstThread(func() (first int) {
		found := make(chan int)
		for range threads {
			go func() {
				found <- isFirstThread()
				unix.Read(pipe[0], make([]byte, 1))
			}()
		}
		for range threads {
			first += <-found + isFirstThread()
		}
		return first
	}))
}

// isFirstThread is 1 on the first thread of the process, and 0 on others.
func isFirstThread() int {
	if unix.Gettid() == os.Getpid() {
		return 1
	}
	return 0
}
