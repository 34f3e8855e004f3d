package realfs_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// machine is a filesystem whose power can be cut: its image lies on an xfs that
// can copy it in an instant, with just the writes that have reached it.
type machine struct {
	t        testing.TB
	kind     string
	options  string // of the mount
	host     string // directory of the outer xfs
	dir      string // where the filesystem is mounted
	snapshot int
}

func newMachine(t testing.TB, kind, options string) *machine {
	t.Helper()
	m := &machine{t: t, kind: kind, options: options, host: XFS(t, Disk{Size: 4096 * mib, Mkfs: []string{"-m", "reflink=1"}})}
	image := filepath.Join(m.host, "image")
	must(t, os.WriteFile(image, nil, 0o644))
	must(t, os.Truncate(image, 400*mib))
	args := map[string][]string{"ext4": {"-q", "-F", "-m", "0"}, "xfs": {"-q", "-f"}, "btrfs": {"-q", "-f"}}[kind]
	tool(t, "mkfs."+kind, append(args, image)...)
	m.dir = m.attach(image)
	return m
}

// attach mounts an image until the end of the test.
func (m *machine) attach(image string) string {
	m.t.Helper()
	device := m.device(image)
	defer exec.Command("losetup", "--detach", device).Run()
	return mount(m.t, m.kind, device, m.options)
}

// device returns a loop device; detached, it stays for as long as it is mounted.
func (m *machine) device(image string) string {
	m.t.Helper()
	out, err := exec.Command("losetup", "--find", "--show", image).CombinedOutput()
	if err != nil {
		missing(m.t, "no loop device: %v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// clone copies the image in an instant and returns the copy's path. The clone
// holds off every write to the image until it is done (ioctl_ficlone(2)), so it
// has what the filesystem had written at one moment and nothing later: what is
// found after a power cut on a disk without a volatile cache.
func (m *machine) clone() string {
	m.t.Helper()
	return m.cloneOf(filepath.Join(m.host, "image"))
}

func (m *machine) cloneOf(image string) string {
	m.t.Helper()
	m.snapshot++
	path := filepath.Join(m.host, fmt.Sprint("snapshot-", m.snapshot))
	reflink(m.t, image, path)
	return path
}

// start mounts a copy, as the next start of the machine would. Another start from it finds it as it
// is: what is mounted until the end of the test is a copy of that.
func (m *machine) start(image string) string {
	m.t.Helper()
	again := &machine{t: m.t, kind: m.kind, options: m.options}
	if m.kind == "xfs" {
		again.options += ",nouuid"
	}
	return again.attach(m.cloneOf(image))
}

// cutPower returns the tree as the next start of the machine would find it.
func (m *machine) cutPower() Tree {
	m.t.Helper()
	return Manifest(m.t, m.start(m.clone()))
}

// commit makes the filesystem write its journal, as it does every few seconds
// by itself, without the data of other files.
func (m *machine) commit() {
	m.t.Helper()
	f, err := os.Create(filepath.Join(m.dir, "unrelated"))
	must(m.t, err)
	defer f.Close()
	_, err = f.Write([]byte("of another program"))
	must(m.t, err)
	must(m.t, f.Sync())
}

// fill makes durable files in "old", which are on disk for sure, and fresh
// copies of them in "new", with two names each so that they are the keepers.
// It returns the durable part.
func (m *machine) fill(n int) Tree {
	m.t.Helper()
	old, fresh := filepath.Join(m.dir, "old"), filepath.Join(m.dir, "new")
	must(m.t, os.Mkdir(old, 0o755))
	must(m.t, os.Mkdir(fresh, 0o755))
	content := func(i int) []byte { return slices.Repeat(fmt.Appendf(nil, "content %04d ", i), 700) }
	for i := range n {
		must(m.t, os.WriteFile(filepath.Join(old, fmt.Sprint(i)), content(i), 0o644))
	}
	flushed(m.t, m.dir)
	before := Manifest(m.t, m.dir)
	for i := range n {
		path := filepath.Join(fresh, fmt.Sprint(i))
		must(m.t, os.WriteFile(path, content(i), 0o644))
		must(m.t, os.Link(path, path+"-b"))
	}
	return before.old()
}

// old is the part of a tree that fill has had on disk.
func (tree Tree) old() Tree {
	part := Tree{}
	for path, e := range tree {
		if strings.HasPrefix(path, "./old/") {
			part[path] = e
		}
	}
	return part
}

// lost counts the durable paths that are gone or changed.
func lost(before, after Tree) int {
	return len(Diff(before.settled(), after.old().settled()))
}

// TestPowerCut: a file that was on disk is not lost by a power cut during or
// right after a run that links it to a copy that was not.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"ext4", "xfs"} {
		t.Run(kind+"/after", func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, kind, "")
			before := m.fill(100)
			if n := Oneinode(t).Dedupe(0, m.dir).Linked; n != 100 {
				t.Errorf("%d names linked, want 100", n)
			}
			if n := lost(before, m.cutPower()); n != 0 {
				t.Errorf("%d of 100 durable files lost at once", n)
			}
			m.commit()
			if n := lost(before, m.cutPower()); n != 0 {
				t.Errorf("%d of 100 durable files lost after a commit", n)
			}
		})
		t.Run(kind+"/during", func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, kind, "")
			before := m.fill(2000)
			names := watchNames(t, m.dir)
			run := Oneinode(t).Start(nil, "dedupe", "-q", m.dir)
			names.temporary(run.done)
			for range 6 {
				time.Sleep(rand.N(30 * time.Millisecond))
				m.commit()
				if n := lost(before, m.cutPower()); n != 0 {
					t.Errorf("%d of 2000 durable files lost in the middle", n)
				}
			}
			run.wait().want(t, 0)
		})
		t.Run(kind+"/control", func(t *testing.T) {
			t.Parallel()
			untilInTime(t, func(t *testing.T) bool {
				n := lostUnflushed(newMachine(t, kind, ""))
				t.Logf("the same steps without a flush: %d of 100 durable files lost", n)
				return n > 0
			})
		})
	}
}

// lostUnflushed takes the steps of a run without its flushes, and cuts the power. It returns how many
// of 100 durable files that loses: none where the disk has been told of all by then.
func lostUnflushed(m *machine) int {
	m.t.Helper()
	before := m.fill(100)
	for i := range 100 {
		old := filepath.Join(m.dir, "old", fmt.Sprint(i))
		must(m.t, os.Link(filepath.Join(m.dir, "new", fmt.Sprint(i)), old+"~"))
		exchange(old+"~", old)
		must(m.t, os.Remove(old+"~"))
	}
	m.commit()
	return lost(before, m.cutPower())
}
