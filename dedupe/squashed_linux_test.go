package dedupe

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
)

func TestIsSquashed(t *testing.T) {
	const open, closed = 0o666, 0o644
	for _, c := range []struct {
		dir, file uint32
		access    error
		want      bool
	}{
		{0o777, closed, nil, false},
		{0o777, closed, syscall.EACCES, true},
		{0o777, open, nil, false},
		{0o777, closed, syscall.EROFS, false},
		{0o1777, closed, nil, false},
		{0o1777, open, nil, true},
	} {
		if got := isSquashed(&scan.Stat{Mode: c.dir}, &scan.Stat{Mode: c.file}, c.access); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	me, root := identity{uid: 7}, identity{fowner: true}
	mine := &scan.Stat{UID: 7}
	if me.actsForAnother(mine) || me.actsForAnother(&scan.Stat{}) || root.actsForAnother(&scan.Stat{}) || !root.actsForAnother(mine) {
		t.Error("who acts for another is not known")
	}
}

// TestSquashed: what a server refuses root is not replaced there, for no undo could give it back.
func TestSquashed(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: takes a right away from it, as a server would")
	}
	for _, remote := range []bool{true, false} {
		dir := t.TempDir()
		for i, name := range []string{"kept", "copy"} {
			put(t, dir, name, "same", int64(100*i))
			check(t, os.Chown(filepath.Join(dir, name), 7, 7))
		}
		var reasons []string
		a, jobs := announced(t, dir, ApplyOptions{OnOutcome: func(o Outcome) { reasons = append(reasons, o.Reason) }})
		a.res.Tree.Filesystems()[0].Remote = remote
		done := make(chan struct{})
		go func() {
			defer close(done)
			runtime.LockOSThread() // the thread ends with the goroutine, and its rights with it
			mayNotOverride(t)
			a.do(t.Context(), jobs[0])
		}()
		<-done
		want := map[bool]string{true: ReasonSquashed, false: ""}[remote]
		if len(reasons) != 1 || reasons[0] != want {
			t.Errorf("remote %v: %q", remote, reasons)
		}
		if links := statOf(t, dir, "kept").Links; links == 2 == remote {
			t.Errorf("remote %v: %d links", remote, links)
		}
	}
}

// mayNotOverride takes CAP_DAC_OVERRIDE from this thread: access(2) then judges root by the
// permissions alone.
func mayNotOverride(t *testing.T) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		t.Error(err)
	}
	data[0].Effective &^= 1 << unix.CAP_DAC_OVERRIDE
	data[0].Permitted &^= 1 << unix.CAP_DAC_OVERRIDE
	if err := unix.Capset(&header, &data[0]); err != nil {
		t.Error(err)
	}
}
