package realfs_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// apart starts what gives "victim", linked with "keeper" by a run, a file of its own
// again, with system calls slowed down, and waits for its temporary name.
func apart(t *testing.T, command, link string, slow ...string) (dir string, content []byte, names *watch, run *running) {
	t.Helper()
	dir = tempDir(t)
	_, victim, content := duo(t, dir)
	oneinode := Oneinode(t)
	oneinode.Dedupe(0, "--link", link, dir)
	args := []string{"undo"}
	if command == "split" {
		args = []string{"split", victim}
	}
	names, run = oneinode.replacing(dir, slow, args...)
	return dir, content, names, run
}

// eachApart runs a test for undo and split of hard and symbolic links.
func eachApart(t *testing.T, test func(t *testing.T, command, link string)) {
	for _, command := range []string{"undo", "split"} {
		for _, link := range []string{"hard", "symlink"} {
			t.Run(command+" "+link, func(t *testing.T) {
				t.Parallel()
				test(t, command, link)
			})
		}
	}
}

// TestApartWriterMeanwhile: a writer that comes in the middle of an undo or a split
// finds its bytes at its path. Only a path that is still linked with it may show them too.
func TestApartWriterMeanwhile(t *testing.T) {
	t.Parallel()
	needTools(t, "strace")
	eachApart(t, func(t *testing.T, command, link string) {
		for _, window := range windows("linkat") {
			for _, target := range []string{"keeper", "victim"} {
				t.Run(window+"/"+target, func(t *testing.T) {
					t.Parallel()
					apartMeanwhile(t, command, link, window, target)
				})
			}
		}
	})
}

func apartMeanwhile(t *testing.T, command, link, window, target string) {
	dir, content, _, run := apart(t, command, link, window)
	time.Sleep(100 * time.Millisecond)
	path := filepath.Join(dir, target)
	want := intrude(t, path, "append", content)
	r := run.wait()
	wantContent(t, path, want)
	still := linked(t, dir)
	// A name that goes on sharing, since somebody writes to it, is told.
	if code := map[bool]int{true: 3, false: 0}[still]; r.Code != code {
		t.Errorf("exit code %d, want %d\n%s", r.Code, code, r.trouble())
	}
	if !still {
		other := "keeper"
		if target == other {
			other = "victim"
		}
		wantContent(t, filepath.Join(dir, other), content)
	}
	noLeftovers(t, Manifest(t, dir))
}

// linked tells whether keeper and victim are one file, through a link of either kind.
func linked(t testing.TB, dir string) bool {
	t.Helper()
	a, err := os.Stat(filepath.Join(dir, "keeper"))
	must(t, err)
	b, err := os.Stat(filepath.Join(dir, "victim"))
	must(t, err)
	return os.SameFile(a, b)
}

// TestApartTwoWriters: one program writes through the name that stays, before the names
// are exchanged or while they are, and then one through the name that gets the copy:
// each finds its bytes at its path.
func TestApartTwoWriters(t *testing.T) {
	t.Parallel()
	needTools(t, "strace")
	eachApart(t, func(t *testing.T, command, link string) {
		for _, slow := range [][]string{
			{"linkat:delay_exit=300ms", "renameat2:delay_exit=300ms"},
			{"renameat2:delay_enter=300ms:delay_exit=300ms"},
		} {
			t.Run(strings.Join(slow, " "), func(t *testing.T) {
				t.Parallel()
				apartTwoWriters(t, command, link, slow)
			})
		}
	})
}

func apartTwoWriters(t *testing.T, command, link string, slow []string) {
	dir, content, names, run := apart(t, command, link, slow...)
	keeper, victim := filepath.Join(dir, "keeper"), filepath.Join(dir, "victim")
	first, second := make(chan error, 1), make(chan error, 1)
	time.Sleep(time.Until(names.seen.Add(100 * time.Millisecond)))
	go func() { first <- undisturbed(func() error { return writeLate(keeper, 0) }) }()
	time.Sleep(time.Until(names.seen.Add(450 * time.Millisecond)))
	go func() { second <- undisturbed(func() error { return writeLate(victim, os.O_APPEND) }) }()
	if r := run.wait(); r.Code != 0 && r.Code != 3 {
		t.Errorf("exit code %d\n%s", r.Code, r.trouble())
	}
	must(t, <-first)
	must(t, <-second)
	wantStart(t, keeper, "LATE")
	b, err := os.ReadFile(victim)
	must(t, err)
	if !bytes.HasSuffix(b, []byte("LATE")) || !linked(t, dir) && !slices.Equal(b[:len(content)], content) {
		t.Errorf("victim holds %.9q … %q of %d bytes", b, b[len(b)-9:], len(b))
	}
	noLeftovers(t, Manifest(t, dir))
}
