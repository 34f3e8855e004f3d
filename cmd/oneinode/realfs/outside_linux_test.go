package realfs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestFindOutside: --find-outside tells every name that an inode has outside the
// PATHs, none inside, and nothing of other filesystems.
func TestFindOutside(t *testing.T) {
	t.Parallel()
	disk := Ext4(t, Disk{})
	tree, other := filepath.Join(disk, "tree"), filepath.Join(disk, "other", "deep")
	must(t, os.Mkdir(tree, 0o755))
	must(t, os.MkdirAll(other, 0o755))
	old := time.Unix(1_000_000, 0)
	for _, name := range []string{"keep", "pinned"} {
		must(t, os.WriteFile(filepath.Join(tree, name), []byte("the same"), 0o644))
	}
	must(t, os.Chtimes(filepath.Join(tree, "keep"), old, old))
	for _, path := range []string{filepath.Join(tree, "pinned-too"), filepath.Join(other, "pinned"), filepath.Join(other, "odd\n")} {
		must(t, os.Link(filepath.Join(tree, "pinned"), path))
	}
	r := Oneinode(t).Run("scan", "--keep", "oldest", "--find-outside", tree)
	if r.Code != 0 {
		t.Fatalf("scan: %d, %s", r.Code, r.Stderr)
	}
	want := []string{"outside: " + other + "/odd\\n", "outside: " + other + "/pinned", "2 names outside the given paths: nothing is freed unless they are scanned too"}
	for _, w := range want {
		if !strings.Contains(r.Stdout, w) {
			t.Errorf("no %q in\n%s", w, r.Stdout)
		}
	}
	if n := strings.Count(r.Stdout, "outside: "); n != 2 {
		t.Errorf("%d names outside, want 2:\n%s", n, r.Stdout)
	}
	if strings.Contains(r.Stdout, "dedupe --find-outside") {
		t.Error("the next command is none")
	}
}
