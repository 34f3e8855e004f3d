package scan

import (
	"os"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// TestFollowSwapped: what a link says counts with the owner of that very link, whatever takes
// its place meanwhile.
func TestFollowSwapped(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give links to another user")
	}
	t.Chdir(t.TempDir())
	const nobody = 65534
	must(t, os.Mkdir("ours", 0o755))
	must(t, os.Mkdir("public", 0o755))
	must(t, os.Symlink("ours", "theirs"))
	must(t, os.Lchown("theirs", nobody, nobody))
	must(t, os.Symlink("public", "link"))
	done := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				unix.Renameat2(unix.AT_FDCWD, "theirs", unix.AT_FDCWD, "link", unix.RENAME_EXCHANGE)
			}
		}
	})
	for range 20_000 {
		if got, err := Follow("link"); err == nil && got == "ours" {
			t.Error("another user's link was followed to what is ours")
			break
		}
	}
	close(done)
	group.Wait()
}
