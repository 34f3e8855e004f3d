package realfs_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestSavings: what a dry run calls reclaimable, what the run says it freed and
// what the filesystem has free afterwards agree within one percent.
func TestSavings(t *testing.T) {
	t.Parallel()
	for name, disk := range map[string]func(t testing.TB) string{
		"ext4": func(t testing.TB) string { return Ext4(t, Disk{Size: 400 * mib}) },
		"xfs":  func(t testing.TB) string { return XFS(t, Disk{Size: 500 * mib}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := disk(t)
			fillForSavings(t, dir)
			checkSavings(t, dir, "hard")
		})
	}
}

// checkSavings compares the figures of a run with what the filesystem has free.
func checkSavings(t *testing.T, dir, link string) {
	t.Helper()
	tree, oneinode, before := filepath.Join(dir, "tree"), Oneinode(t), FreeBytes(t, dir)
	promised := oneinode.Dedupe(0, "--link", link, "--dry-run", tree).ReclaimableBytes
	freed := oneinode.Dedupe(0, "--link", link, tree).FreedBytes
	real := settledFree(t, dir) - before
	t.Logf("reclaimable %d, freed %d, filesystem %d bytes", promised, freed, real)
	if real < 50*mib {
		t.Errorf("only %d bytes freed: too few to compare", real)
	}
	near(t, "reclaimable", promised, real)
	near(t, "freed", freed, real)
	if again := oneinode.Dedupe(0, "--link", link, "--dry-run", tree); again.ReclaimableBytes != 0 {
		t.Errorf("then it still promises %d bytes", again.ReclaimableBytes)
	}
}

// fillForSavings makes about 80 MiB of copies, some of them with a name outside
// the tree (they free nothing), some sparse.
func fillForSavings(t testing.TB, dir string) {
	t.Helper()
	tree, outside := filepath.Join(dir, "tree"), filepath.Join(dir, "outside")
	must(t, os.Mkdir(tree, 0o755))
	must(t, os.Mkdir(outside, 0o755))
	random := rand.NewChaCha8([32]byte{1})
	for i := range 40 {
		content := make([]byte, 700_000+i*10_007)
		random.Read(content)
		for j := range 4 {
			path := filepath.Join(tree, fmt.Sprintf("%02d-%d", i, j))
			must(t, os.WriteFile(path, content, 0o644))
			if i%5 == 0 {
				must(t, os.Link(path, filepath.Join(outside, filepath.Base(path))))
			}
			if i%7 == 0 {
				must(t, os.Truncate(path, 30*mib)) // a hole that takes no room
			}
		}
	}
}

// settledFree waits for what a filesystem frees in the background.
func settledFree(t testing.TB, dir string) int64 {
	t.Helper()
	free := FreeBytes(t, dir)
	for range 20 {
		time.Sleep(100 * time.Millisecond)
		now := FreeBytes(t, dir)
		if now == free {
			return now
		}
		free = now
	}
	return free
}

func near(t testing.TB, what string, got, real int64) {
	t.Helper()
	if diff := max(got-real, real-got); diff*100 > real {
		t.Errorf("%s: %d bytes, the filesystem says %d", what, got, real)
	}
}
