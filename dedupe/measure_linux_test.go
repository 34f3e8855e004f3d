package dedupe

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/decide"
	"github.com/oneinode/oneinode/scan"
)

// TestBlank: new disks of virtual machines, or parts of a download, are equal until the first data
// comes: none becomes a link, nor anything a link to one. A file of zeros that were written is as any
// other, a small one as well.
func TestBlank(t *testing.T) {
	dir := t.TempDir()
	sized := func(name string, size int64, reserve bool) {
		t.Helper()
		f, err := os.Create(filepath.Join(dir, name))
		check(t, err)
		defer f.Close()
		check(t, f.Truncate(size))
		if reserve {
			check(t, unix.Fallocate(int(f.Fd()), 0, 0, size))
		}
	}
	sized("hole1", blankAtLeast, false)
	sized("hole2", blankAtLeast, false)
	sized("reserved1", blankAtLeast+1, true)
	sized("reserved2", blankAtLeast+1, true)
	sized("small1", blankAtLeast-1, false)
	sized("small2", blankAtLeast-1, false)
	sized("zeros0", blankAtLeast+2, false)
	zeros := string(make([]byte, blankAtLeast+2))
	put(t, dir, "zeros1", zeros, 100)
	put(t, dir, "zeros2", zeros, 200)
	late := string(make([]byte, blankAtLeast-1)) + "late"
	put(t, dir, "late1", late, 100)
	put(t, dir, "late2", late, 200)
	for _, name := range []string{"filled1", "filled2"} { // it waits in the page cache
		sized(name, blankAtLeast+3, true)
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY, 0)
		check(t, err)
		_, err = f.WriteAt([]byte("filled"), blankAtLeast/2)
		check(t, err)
		check(t, f.Close())
	}

	for link, want := range map[decide.Link][]string{
		decide.LinkHard: {"filled2", "late2", "small2", "zeros2"}, decide.LinkSymlink: {"filled2", "late2", "zeros2"},
	} {
		policy := decide.Policy{Link: link, Keep: decide.KeepFirst}
		res := find(t, dir, scan.Root{})
		var linked []string
		for sp := range planOf(res, policy, Measure(t.Context(), res, policy)).Sets() {
			for _, ip := range sp.Inodes {
				name := string(res.Tree.Base(ip.Name))
				if ip.Action == decide.ActLink {
					linked = append(linked, name)
				}
				if blank := name[0] == 'h' || name[0] == 'r' || name == "zeros0"; blank != (ip.Reason == decide.HoldBlank || ip.Action == decide.ActKeep && blank) {
					t.Errorf("%s is told as %q", name, ip.Reason)
				}
			}
		}
		if slices.Sort(linked); !slices.Equal(linked, want) {
			t.Errorf("%v: %q become links, want %q", link, linked, want)
		}
	}
}
