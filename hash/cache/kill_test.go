package cache

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"
	"time"
)

const (
	writerDir   = "ONEINODE_TEST_CACHE" // makes the test the process to be killed
	writerBegin = "ONEINODE_TEST_BEGIN"
	// killEntries take several writes to the new file.
	killEntries = 10_000
	killTrials  = 30
)

// generation is a whole cache whose entries have one ctime.
func generation(number int64) []Entry {
	list := make([]Entry, killEntries)
	for i := range list {
		list[i] = entry(1, uint64(i), Whole, number)
	}
	return list
}

// TestKilledWriter kills -9 a process that writes one generation after the other,
// at any moment. What is there then is one whole generation, the one before or
// the one that was being written, and the next writer is not hindered.
func TestKilledWriter(t *testing.T) {
	if dir := os.Getenv(writerDir); dir != "" {
		writeGenerations(t, dir)
		return
	}
	if testing.Short() {
		t.Skip("short: kills processes for some seconds")
	}
	dir := t.TempDir()
	c := In(dir)
	update(t, c, generation(0)...)
	last, half := int64(0), 0
	for trial := range killTrials {
		killWriter(t, dir, last+1)
		if _, err := os.Lstat(c.path(tempName)); err == nil {
			half++
		}
		list := all(t, c) // an error would be one
		now := list[0].Ctime
		if now < last || !slices.Equal(list, generation(now)) {
			t.Fatalf("trial %d: %d entries from generation %d on, after %d", trial, len(list), now, last)
		}
		last = now
	}
	t.Logf("%d of %d kills left half a file; %d generations were written", half, killTrials, last)
	if half == 0 {
		t.Error("no kill came in the middle of a write: the trials show nothing")
	}
	update(t, c, generation(last+1)...)
	if got := all(t, c); !slices.Equal(got, generation(last+1)) {
		t.Errorf("%d entries after a further write", len(got))
	}
}

// killWriter runs a writer for a moment.
func killWriter(t *testing.T, dir string, begin int64) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^TestKilledWriter$")
	cmd.Env = append(os.Environ(), writerDir+"="+dir, fmt.Sprint(writerBegin, "=", begin))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Error("the writer did not begin:", err)
	}
	time.Sleep(time.Duration(rand.Int64N(int64(30 * time.Millisecond))))
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // killed, as it should be
}

// writeGenerations writes until it is killed; a minute is the end of a test that
// has forgotten it.
func writeGenerations(t *testing.T, dir string) {
	begin, err := strconv.ParseInt(os.Getenv(writerBegin), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("begun")
	for start := time.Now(); time.Since(start) < time.Minute; begin++ {
		update(t, In(dir), generation(begin)...)
	}
}
