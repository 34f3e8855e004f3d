package hash

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/hash/extents"
	"github.com/oneinode/oneinode/scan"
)

// sysfs makes directories as the kernel shows them: path of a file to its
// content, or with "->" before it, of a link to where it leads.
func sysfs(t *testing.T, list map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for path, content := range list {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if len(content) > 2 && content[:2] == "->" {
			err = os.Symlink(filepath.Join(root, content[2:]), path)
		} else {
			err = os.WriteFile(path, []byte(content+"\n"), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestDiskAt(t *testing.T) {
	root := sysfs(t, map[string]string{
		"sda/queue/rotational": "1", "sda/device/vendor": "ATA     ", "sda/device/model": "WDC WD40EFRX-68N",
		"sda/sda1/partition":   "1",
		"sdb/queue/rotational": "1", "sdb/device/vendor": "QEMU    ", "sdb/device/model": "QEMU HARDDISK",
		"sdc/queue/rotational":     "1",
		"nvme0n1/queue/rotational": "0", "nvme0n1/nvme0n1p2/partition": "2",
		"vda/queue/rotational":  "1",
		"dm-0/slaves/nvme0n1p2": "->nvme0n1/nvme0n1p2", "dm-0/queue/rotational": "1",
		"dm-1/slaves/sda1": "->sda/sda1",
		"md0/slaves/sda1":  "->sda/sda1", "md0/slaves/sdc": "->sdc",
		"md1/slaves/sda1": "->sda/sda1", "md1/slaves/vda": "->vda",
		"dm-2/slaves/md0": "->md0", "dm-3/slaves/gone": "->nowhere",
	})
	for dir, want := range map[string]disk{
		"sda": {"sda", true}, "sda/sda1": {"sda", true}, "sdb": {"sdb", false}, "sdc": {"sdc", true},
		"nvme0n1/nvme0n1p2": {"nvme0n1", false}, "vda": {"vda", false},
		"dm-0": {"nvme0n1", false}, "dm-1": {"sda", true}, "md0": {"md0", true}, "md1": {"md1", false},
		"dm-2": {"md0", true}, "dm-3": {"dm-3", false},
	} {
		if got := diskAt(filepath.Join(root, dir), maxStack); got != want {
			t.Errorf("%s: %+v, want %+v", dir, got, want)
		}
	}
}

func TestDiskOf(t *testing.T) {
	one := diskOf(&scan.Filesystem{Type: "nfs", Source: "server:/export/a"})
	if two := diskOf(&scan.Filesystem{Type: "nfs", Source: "server:/export/b"}); one != two || one.spins {
		t.Errorf("%+v and %+v", one, two)
	}
	if other := diskOf(&scan.Filesystem{Type: "tmpfs", Source: "tmpfs"}); other == one {
		t.Errorf("%+v", other)
	}
	var st unix.Stat_t
	if err := unix.Stat(t.TempDir(), &st); err != nil {
		t.Fatal(err)
	}
	if d := diskOf(&scan.Filesystem{Dev: uint64(st.Dev), Type: "ext4"}); d.name == "" {
		t.Errorf("%+v", d)
	}
}

// TestDisksWorkSideBySide: with one reader for each disk, two read at a time.
func TestDisksWorkSideBySide(t *testing.T) {
	memory, err := os.MkdirTemp("/dev/shm", "oneinode-test-")
	if err != nil {
		t.Skip("no second filesystem:", err)
	}
	defer os.RemoveAll(memory)
	root := planted(t, files{"1": []byte("here"), "2": []byte("here"), "3": []byte("nope")})
	for _, name := range []string{"1", "2"} {
		plant(t, filepath.Join(memory, name), []byte("there"))
	}
	tree := scanned(t, root, memory)
	list := tree.Filesystems()
	if len(list) != 2 || diskOf(&list[0]).name == diskOf(&list[1]).name {
		t.Skipf("%s and %s are on one filesystem", root, memory)
	}
	meet := make(chan struct{})
	var waiting atomic.Int64
	res := found(t, tree, Options{Workers: 1, Throttle: func(context.Context, int64) error {
		if waiting.Add(1) == 2 {
			close(meet)
		}
		select {
		case <-meet:
		case <-time.After(5 * time.Minute):
			t.Error("one disk waits for the other")
		}
		return nil
	}})
	checkOracle(t, res)
}

// TestSpinningOrder: files on a spinning disk are read in the order in which
// they lie there, whatever their inodes.
func TestSpinningOrder(t *testing.T) {
	const count, size = 12, 128 << 10
	list := files{}
	names := []string{"l", "c", "h", "a", "k", "f", "b", "j", "e", "d", "g", "i"}
	for i, name := range names {
		list[name] = filled(uint64(i), size)
	}
	root := planted(t, list)
	starts := map[string]int64{}
	for _, name := range names {
		f, err := os.Open(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		places, err := extents.Read(int(f.Fd()), extents.Flushed, nil) // with it all have their place
		if err != nil {
			t.Skipf("%s: %v", root, err)
		}
		starts[f.Name()] = extents.First(places)
	}
	tree := scanned(t, root)
	opts := Options{Device: DeviceHDD, Workers: 1}
	s := &search{tree: tree, opts: opts, descriptors: availableDescriptors(), layout: &layout{}, changes: &changes{}, groups: groupNumbers(len(tree.Filesystems()), nil)}
	s.pools, s.domainPools = newPools(tree.Filesystems(), &opts, false, 99, diskOf)
	recs := newRecords(tree, s.groups)
	// The reverse of the right order, so that it cannot come out by chance.
	slices.SortFunc(recs.members, func(a, b Member) int { return int(starts[tree.Path(b.Name)] - starts[tree.Path(a.Name)]) })
	w := s.sweeps(recs, span{0, count})[0]
	s.arrange(context.Background(), recs, w)
	last := int64(-1)
	for i := range w.len() {
		n := recs.members[w.at(i)].Name
		at := starts[tree.Path(n)]
		if at < last || s.layout.start(n) != at {
			t.Errorf("%s lies at %d (known as %d), after one at %d", tree.Path(n), at, s.layout.start(n), last)
		}
		last = at
	}
}
