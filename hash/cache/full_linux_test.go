package cache

import (
	"errors"
	"os"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// TestFullDisk: without room for the new file the old one stays, and no half of
// the new one takes the room that is left.
func TestFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("not root: no small filesystem can be mounted")
	}
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skip("no small filesystem can be mounted:", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	c := In(dir)
	update(t, c, entry(1, 1, Whole, 1))
	var many []Entry
	for i := range uint64(5000) {
		many = append(many, entry(1, i, Whole, 2))
	}
	if err := c.Update(slices.Values(many)); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("%v", err)
	}
	if got := all(t, c); len(got) != 1 || got[0].Ctime != 1 {
		t.Errorf("%d entries", len(got))
	}
	if _, err := os.Lstat(c.path(tempName)); err == nil {
		t.Error("half a file is left")
	}
}
