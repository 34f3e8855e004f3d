package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// ioprio_set(2) has no wrapper: who = one thread, and the class in the bits
// above 13 (linux/ioprio.h).
const (
	ioprioWhoProcess = 1
	ioprioClassIdle  = 3 << 13
	lowestNice       = 19
)

var errNotKept = errors.New("the system does not apply it")

// goIdle gives every thread of the process the lowest priority: nice 19,
// SCHED_IDLE, and the idle class of the I/O scheduler. All three belong to
// threads, and a new thread has those of its maker: so the list of threads is
// gone through until a pass finds nothing to change.
func goIdle() error {
	for {
		changed, err := idleThreads()
		if err != nil || changed == 0 {
			return err
		}
	}
}

func idleThreads() (changed int, err error) {
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		tid, err := strconv.Atoi(e.Name())
		if err != nil || isIdle(tid) {
			continue
		}
		if err := idleThread(tid); err != nil && err != unix.ESRCH {
			return changed, err
		}
		changed++
	}
	return changed, nil
}

func isIdle(tid int) bool {
	attr, err := unix.SchedGetAttr(tid, 0)
	return err == nil && attr.Policy == unix.SCHED_IDLE
}

// idleThread sets the policy last: it marks a thread as done.
func idleThread(tid int) error {
	if err := unix.Setpriority(unix.PRIO_PROCESS, tid, lowestNice); err != nil {
		return err
	}
	if _, _, errno := unix.Syscall(unix.SYS_IOPRIO_SET, ioprioWhoProcess, uintptr(tid), ioprioClassIdle); errno != 0 && errno != unix.ESRCH {
		return fmt.Errorf("ioprio_set: %w", errno)
	}
	if err := unix.SchedSetAttr(tid, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE, Nice: lowestNice}, 0); err != nil {
		return err
	}
	return proveIdle(tid)
}

// proveIdle keeps goIdle from going round for ever where a container lets nobody ask for
// the policy, or does not keep it.
func proveIdle(tid int) error {
	attr, err := unix.SchedGetAttr(tid, 0)
	if err == nil && attr.Policy != unix.SCHED_IDLE {
		err = errNotKept
	}
	return err
}
