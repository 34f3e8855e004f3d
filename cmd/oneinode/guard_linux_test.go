package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/hash/ring"
	"github.com/oneinode/oneinode/scan"
)

const (
	guardFiles = 2000 // in guardDirs directories
	guardDirs  = 20
)

// TestSystemCalls is the guard against growing slow: counts do not depend on how
// busy the machine is. All files have one size, so all are candidates, and half
// of them are copies.
func TestSystemCalls(t *testing.T) {
	dir, program := t.TempDir(), tracedProgram(t)
	tree := filepath.Join(dir, "tree")
	for i := range guardFiles {
		sub := filepath.Join(tree, strconv.Itoa(i%guardDirs))
		if err := os.MkdirAll(sub, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(fmt.Sprintf("%s/%d", sub, i), fmt.Appendf(nil, "%04d", i/2), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(2100 * time.Millisecond) // younger files are not remembered
	// With io_uring many files are read by one call; 32 at least in each.
	single, many := 0.0, 1.0/32
	if !ring.Available() {
		t.Log("no io_uring here: files are read one by one")
		single, many = 1, 0
	}
	stretches := stretchesOf(t, tree)
	cached := []string{"--cache-dir", filepath.Join(dir, "cache"), tree}
	for _, c := range []struct {
		name string
		args []string
		// Calls a file, and the bytes that are read. The walk takes one look at each
		// name. A read takes open, a lease (to see writers), the read, a look
		// after it, the list of attributes, and the end of the file descriptor, which
		// gives the lease back. A known file that has an equal is opened for its
		// attributes; of the others nothing is asked but the look of the walk.
		calls map[string]float64
		bytes int64
	}{
		{"without cache", []string{"--no-cache", tree}, map[string]float64{
			"statx": 2, "openat2": 1, "openat": 1, "close": 1, "fcntl": 1, "flistxattr": 1, "pread64": single, "io_uring_enter": many,
		}, 4 * guardFiles},
		{"first night", cached, map[string]float64{
			"statx": 2, "openat2": 1, "openat": 1, "close": 1, "fcntl": 1, "flistxattr": 1, "pread64": single, "io_uring_enter": many,
		}, 4 * guardFiles},
		{"second night", cached, map[string]float64{
			"statx": 2, "openat2": 1, "openat": 1, "close": 1, "fcntl": 1, "flistxattr": 1,
		}, 0},
	} {
		if c.bytes == 0 && inMemory(t) {
			continue // there nothing is remembered
		}
		calls, read := countCalls(t, program, append([]string{"scan", "--format", "json", "--progress", "never"}, c.args...))
		if read != c.bytes {
			t.Errorf("%s: %d bytes read, want %d", c.name, read, c.bytes)
		}
		t.Logf("%s, %d stretches: %v", c.name, stretches, calls)
		// A start takes some hundred calls, a directory half a dozen of each, and one more
		// open where others' files lie between its own.
		start := 300 + 5*guardDirs + max(guardDirs, stretches)
		for _, name := range []string{"statx", "openat2", "openat", "close", "fcntl", "flistxattr", "pread64", "io_uring_enter", "read", "readlinkat", "newfstatat"} {
			if limit := c.calls[name]*guardFiles + float64(start); float64(calls[name]) > limit {
				t.Errorf("%s: %d calls of %s, at most %.0f are expected", c.name, calls[name], name, limit)
			}
		}
		if opened := calls["openat"] + calls["openat2"]; opened > guardFiles+start {
			t.Errorf("%s: %d opens of %d files", c.name, opened, guardFiles)
		}
	}
}

// stretchesOf is how often who reads the files of a tree in the order of their inode numbers comes
// to two or more of one directory, which opens that: more than once to each if others make files at
// the same time.
func stretchesOf(t *testing.T, tree string) (stretches int) {
	t.Helper()
	dirs := map[uint64]string{}
	err := filepath.WalkDir(tree, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		st, err := scan.StatAt(unix.AT_FDCWD, path)
		dirs[st.Ino] = filepath.Dir(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	last, length := "", 0
	for _, ino := range slices.Sorted(maps.Keys(dirs)) {
		if length++; dirs[ino] != last {
			last, length = dirs[ino], 1
		}
		if length == 2 {
			stretches++
		}
	}
	return stretches
}

// TestSystemCallsOfLinks: what the listings tell of further names of a file is not asked again.
func TestSystemCallsOfLinks(t *testing.T) {
	dir, program := t.TempDir(), tracedProgram(t)
	for i := range guardDirs {
		sub := filepath.Join(dir, "tree", strconv.Itoa(i))
		if err := os.MkdirAll(sub, 0o755); err != nil {
			t.Fatal(err)
		}
		for j := range guardFiles / guardDirs {
			name, first := fmt.Sprintf("%s/%d", sub, j), fmt.Sprintf("%s/tree/0/%d", dir, j)
			if i == 0 {
				if err := os.WriteFile(name, fmt.Appendf(nil, "%04d", j), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if err := os.Link(first, name); err != nil {
				t.Skipf("no hard links here: %v", err)
			}
		}
	}
	calls, _ := countCalls(t, program, []string{"scan", "--format", "json", "--progress", "never", "--no-cache", dir})
	if kind := typeOf(t, dir); !slices.Contains([]string{"ext2/ext3", "xfs", "btrfs", "tmpfs"}, kind) {
		t.Skipf("on %s each name is asked for", kind)
	}
	if limit := guardFiles/2 + 300; calls["statx"] > limit {
		t.Errorf("%d calls of statx for %d names of %d files, at most %d are expected", calls["statx"], guardFiles, guardFiles/guardDirs, limit)
	}
}

// TestSystemCallsOfUndo: the copies of many equal files wait for the disk at the same time, not
// one after the other; but of large ones a signal waits for one only.
func TestSystemCallsOfUndo(t *testing.T) {
	program := tracedProgram(t)
	if most, trace := flushesOfUndo(t, program, 32, 7); most < 4 {
		t.Errorf("%d flushes at a time:\n%s", most, trace)
	}
	if most, trace := flushesOfUndo(t, program, 4, 10<<20); most > 1 {
		t.Errorf("%d flushes of large files at a time:\n%s", most, trace)
	}
}

// flushesOfUndo links equal files, mostly holes, and returns how many copies of an undo were flushed
// at the same time.
func flushesOfUndo(t *testing.T, program string, files int, size int64) (most int, trace string) {
	t.Helper()
	dir := t.TempDir()
	for i := range files {
		path := filepath.Join(dir, strconv.Itoa(i))
		if err := cmp.Or(os.WriteFile(path, []byte("content"), 0o644), os.Truncate(path, size)); err != nil {
			t.Fatal(err)
		}
	}
	state := filepath.Join(t.TempDir(), "state")
	if out, err := exec.Command(program, "dedupe", "-q", "--no-cache", "--state-dir", state, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	file := filepath.Join(t.TempDir(), "trace")
	slow := []string{"-f", "-qq", "-o", file, "-e", "trace=fsync", "-e", "inject=fsync:delay_enter=100000", program, "undo", "-q", "--state-dir", state}
	if out, err := exec.Command("strace", slow...).CombinedOutput(); err != nil {
		t.Skipf("strace cannot trace here: %v: %s", err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return atOnce(string(text)), string(text)
}

// atOnce is how many calls of a trace were under way at the same time, at most.
func atOnce(trace string) (most int) {
	now := 0
	for line := range strings.Lines(trace) {
		switch {
		case strings.Contains(line, "<unfinished"):
			now++
		case strings.Contains(line, "resumed>"):
			now--
		}
		most = max(most, now)
	}
	return most
}

// tracedProgram builds the program, to be run by countCalls.
func tracedProgram(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("no strace: system calls cannot be counted")
	}
	program := filepath.Join(t.TempDir(), "oneinode")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return program
}

// typeOf is the type of the filesystem that a directory lies on.
func typeOf(t *testing.T, dir string) string {
	t.Helper()
	out, err := exec.Command("stat", "-f", "-c", "%T", dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSpace(out))
}

// countCalls runs the program under strace(1).
func countCalls(t *testing.T, program string, args []string) (calls map[string]int, bytesRead int64) {
	t.Helper()
	trace := filepath.Join(t.TempDir(), "trace")
	out, err := exec.Command("strace", append([]string{"-f", "-qq", "-c", "-o", trace, program}, args...)...).Output()
	if err != nil {
		t.Skipf("strace cannot trace here: %v", err)
	}
	var result struct {
		Summary struct {
			BytesRead int64 `json:"bytes_read"`
		}
	}
	if err := json.Unmarshal(out, &result); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	calls = map[string]int{}
	for line := range strings.Lines(string(text)) { // % time, seconds, usecs/call, calls, errors?, syscall
		if f := strings.Fields(line); len(f) >= 5 {
			if n, err := strconv.Atoi(f[3]); err == nil {
				calls[f[len(f)-1]] = n
			}
		}
	}
	return calls, result.Summary.BytesRead
}
