package hash

import (
	"os"
	"os/signal"
	"testing"

	"golang.org/x/sys/unix"
)

// TestLeased: a file on which somebody holds a write lease (Samba, the NFS server for a
// client) is in use, not unreadable.
func TestLeased(t *testing.T) {
	b := filled(1, 1000)
	root := planted(t, files{"a": b, "b": b, "leased": b})
	f, err := os.OpenFile(root+"/leased", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		t.Skipf("no leases here: %v", err)
	}
	signal.Ignore(unix.SIGIO) // the kernel asks for the lease back
	defer signal.Reset(unix.SIGIO)
	tree := scanned(t, root)
	var told skips
	res, err := Find(t.Context(), tree, Options{OnSkip: told.add})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := pathsOf(res), root+"/a "+root+"/b"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if len(told.list) != 1 || told.list[0].Reason != ReasonBusy || told.list[0].Err != nil {
		t.Errorf("told %+v", told.list)
	}
}
