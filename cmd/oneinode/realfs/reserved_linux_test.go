package realfs_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestReflinkReserved: room that a program has reserved in a file and not written to is no
// content. Nobody can share it, so it is not promised, and the next night has nothing to do.
func TestReflinkReserved(t *testing.T) {
	t.Parallel()
	for name, reserve := range map[string]struct {
		keeper, copy func(t testing.TB, f *os.File)
	}{
		"behind the copy's end":    {nothing, reserveBehind},
		"behind the keeper's end":  {reserveBehind, nothing},
		"within the keeper's hole": {reserveHole, nothing},
		"within the copy's hole":   {nothing, reserveHole},
		"within both":              {reserveHole, reserveHole},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachReflinking(t, func(t *testing.T, disk string) {
				dir := filepath.Join(disk, "tree")
				must(t, os.Mkdir(dir, 0o755))
				writeHoled(t, filepath.Join(dir, "old"), reserve.keeper)
				writeHoled(t, filepath.Join(dir, "new"), reserve.copy)
				then := time.Now().Add(-time.Hour)
				must(t, os.Chtimes(filepath.Join(dir, "old"), then, then))
				flushed(t, disk)
				oneinode := Oneinode(t)
				done := oneinode.Dedupe(0, "--link", "reflink", dir)
				if done.Linked != 1 || done.FreedBytes < 200_000 || done.FreedBytes != done.ReclaimableBytes || done.FreedBytes > 300_000 {
					t.Errorf("%+v", done)
				}
				if again := oneinode.Dedupe(0, "--link", "reflink", dir); again.Linked != 0 || again.ReclaimableBytes != 0 {
					t.Errorf("a second run finds more: %+v", again)
				}
			})
		})
	}
}

func nothing(testing.TB, *os.File) {}

func reserveBehind(t testing.TB, f *os.File) {
	must(t, unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, 20*mib))
}

func reserveHole(t testing.TB, f *os.File) {
	must(t, unix.Fallocate(int(f.Fd()), 0, 0, 500_000))
}

// writeHoled writes 200,000 bytes, behind which a hole makes 500,000 of them.
func writeHoled(t testing.TB, path string, reserve func(t testing.TB, f *os.File)) {
	t.Helper()
	content := make([]byte, 200_000)
	_, _ = rand.NewChaCha8([32]byte{2}).Read(content)
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	_, err = f.Write(content)
	must(t, err)
	must(t, f.Truncate(500_000))
	reserve(t, f)
}
