// Oneinode finds files with equal content and makes them hard links to one
// inode, without ever losing a byte. See oneinode --help.
//
// Where to look:
//
//   - what starts, stops and ends the program: main app signals exit fault version
//   - the commands: scan dedupe runjob undo split verify runs report cache
//   - a run of scan or dedupe, from its words to its end: run find apply from
//   - its limits, its cache, and what it says of itself: pace budget idle cached capable next
//   - what commands on past runs, or several, have in common: journals copies lock places watch
//   - flags, checked and made into values: selection policy output values
//   - the words of flags and of files: parse lists
//   - jobs: config configfault presets
//   - what is said of all that: help complete elsewhere flagfault prose man
package main

import (
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
)

// ioThreads is how many kernel threads may be blocked in reads at a time. Go
// hands over slowly from a blocked system call, so what counts with a cold
// cache is GOMAXPROCS: of 2, 8, 16 and 32 on a machine with 2 cores, 16 read a
// tree 2.3 times as fast as 2 did, and 32 gained little more.
const ioThreads = 16

// How much garbage may come to what is in use before it is collected, in percent, for scan
// and dedupe. The search makes next to none, while twice the memory would be the price of
// Go's default. During the walk nearly all that grows is in use, and would be looked
// through in vain: a night with nothing new took a twelfth longer. To replace makes some
// garbage for each name: with 10 percent a tenth of its processor time went into
// collecting it. All else takes the default: to decode a journal or a saved scan makes
// little but garbage, and with 25 percent verify took a quarter more processor time.
const (
	gcPercentWalk  = 400
	gcPercentFind  = 25
	gcPercentApply = 40
)

// tuneGC sets how much garbage may gather, unless the user has (GOGC).
func tuneGC(percent int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}

func main() {
	runtime.GOMAXPROCS(max(ioThreads, runtime.GOMAXPROCS(0)))
	// A closed pipe must end as an error of the write, not as the death of the
	// program in the middle of its work.
	signal.Ignore(syscall.SIGPIPE)
	a := &app{stdout: os.Stdout, stderr: os.Stderr}
	ctx, release := withSignals(a.tellStatus, a.tellLate)
	a.stdin = interruptible{ctx, os.Stdin}
	code := offFirstThread(func() int { return a.run(ctx, os.Args[1:]) })
	release()
	os.Exit(code)
}
