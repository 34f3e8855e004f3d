package realfs_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// TestRsync: what rsync writes while runs and undos are at work is there when it ends, in place
// (--inplace) or by renaming a new file over the old one.
func TestRsync(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("rsync"); err != nil {
		t.Skip("rsync is not installed")
	}
	for name, flags := range map[string][]string{"in place": {"--inplace", "--no-whole-file"}, "by rename": {"--whole-file"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source, tree := tempDir(t), tempDir(t)
			for i := range 60 {
				for _, dir := range []string{source, filepath.Join(tree, "mirror"), filepath.Join(tree, "copies")} {
					must(t, os.MkdirAll(dir, 0o755))
					must(t, os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), noise(uint64(i), 2000+i*600), 0o644))
				}
			}
			stop := dedupeAndUndo(t, tree)
			defer stop()
			for round := range 12 {
				writeSome(t, source, 20)
				tool(t, "rsync", append(flags, "-a", source+"/", filepath.Join(tree, "mirror"))...)
				for i := range 60 { // not the temporary names that a run has just now
					want, err := os.ReadFile(filepath.Join(source, fmt.Sprint(i)))
					must(t, err)
					if got, err := os.ReadFile(filepath.Join(tree, "mirror", fmt.Sprint(i))); err != nil || string(got) != string(want) {
						t.Fatalf("round %d: rsync has ended, and %d has %d bytes of other content: %v", round, i, len(got), err)
					}
				}
			}
			stop()
			if left := Leftovers(Manifest(t, tree)); len(left) != 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

// dedupeAndUndo dedupes a tree and takes that back until it is stopped.
func dedupeAndUndo(t testing.TB, tree string) (stop func()) {
	t.Helper()
	oneinode := Oneinode(t)
	quit, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		for {
			for _, command := range [][]string{{"dedupe", tree}, {"undo"}} {
				// 1: nothing was linked; 3: a file was written to meanwhile.
				if r := oneinode.Run(command...); r.Code != 0 && r.Code != 3 && (command[0] != "undo" || r.Code != 1) {
					t.Errorf("%q: exit code %d\n%s", command, r.Code, r.trouble())
				}
			}
			select {
			case <-quit:
				return
			default:
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(quit)
		<-gone
	})
}

// writeSome changes n of the files of a directory: in the middle, at the end, or in length.
func writeSome(t testing.TB, dir string, n int) {
	t.Helper()
	for range n {
		f, err := os.OpenFile(filepath.Join(dir, fmt.Sprint(rand.IntN(60))), os.O_RDWR, 0)
		must(t, err)
		at, err := f.Seek(0, rand.IntN(2)*2)
		must(t, err)
		_, err = f.WriteAt(noise(rand.Uint64(), 700), at)
		must(t, err)
		must(t, f.Truncate(at+500+rand.Int64N(2000)))
		must(t, f.Close())
	}
}
