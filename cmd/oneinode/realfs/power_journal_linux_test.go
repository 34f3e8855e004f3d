package realfs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

type powerPlace struct{ name, kind, options string }

// powerPlaces are the filesystems whose power is cut.
var powerPlaces = []powerPlace{
	{"ext4", "ext4", ""},
	{"ext4 writeback", "ext4", "data=writeback"},
	{"xfs", "xfs", ""},
	{"btrfs", "btrfs", ""},
}

// cutEverywhere runs a test on a machine with each of them.
func cutEverywhere(t *testing.T, test func(t *testing.T, place powerPlace, m *machine)) {
	t.Parallel()
	for _, place := range powerPlaces {
		t.Run(place.name, func(t *testing.T) {
			t.Parallel()
			test(t, place, newMachine(t, place.kind, place.options))
		})
	}
}

// cuts is how often the power is cut during a run: 8 times, or ONEINODE_CUTS.
func cuts() int {
	if n, err := strconv.Atoi(os.Getenv("ONEINODE_CUTS")); err == nil {
		return n
	}
	return 8
}

// TestPowerCutJournal cuts the power at random moments of a first run whose
// journal is on the same disk. What the next start finds is complete, each
// change has its record, and an undo there brings the old tree back.
func TestPowerCutJournal(t *testing.T) {
	cutEverywhere(t, func(t *testing.T, _ powerPlace, m *machine) { m.cutJournal("hard", 1500) })
}

func (m *machine) cutJournal(link string, files int) {
	m.t.Helper()
	m.fill(files)
	before := Manifest(m.t, m.dir)
	oneinode := Oneinode(m.t)
	oneinode.State = filepath.Join(m.dir, "not", "there", "yet")
	images := m.cutsDuring(oneinode, "dedupe", "-q", "--link", link, m.dir)
	changed := 0
	for i, image := range images {
		changed += m.checkCut(fmt.Sprint("cut ", i), image, before, oneinode)
	}
	m.t.Logf("%d cuts, %d changes explained", len(images), changed)
	if changed == 0 {
		m.t.Error("no cut came after a change: the cuts show nothing")
	}
	m.undoAfterCut(images[len(images)/2], before, oneinode)
}

// TestPowerCutReused: what a run has removed is not used for other files before that is on disk,
// also on ext4 with data=writeback, which does not see to that by itself, beneath an overlay, and
// where ext4's options are hidden from the run.
func TestPowerCutReused(t *testing.T) {
	t.Parallel()
	needTools(t, "unshare", "mount")
	plain := func(m *machine) string { return m.dir }
	for name, as := range map[string]struct {
		place  func(m *machine) string
		before []string
	}{
		"plain":   {plain, nil},
		"overlay": {(*machine).overlaid, nil},
		"hidden":  {plain, []string{"unshare", "--mount", "sh", "-c", `mount -t proc -o subset=pid proc /proc && exec "$@"`, "sh"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, "ext4", "data=writeback,commit=300")
			disk := m.dir
			dir := as.place(m)
			m.fill(200)
			room := filepath.Join(disk, "room") // for temporary names, of which directories may grow
			must(t, os.WriteFile(room, make([]byte, mib), 0o644))
			m.stuff("before")
			must(t, os.Remove(room))
			flushed(t, disk)
			before := Manifest(t, disk)
			if r := Oneinode(t).RunUnder(as.before, "dedupe", "-q", dir); r.Code != 0 || Unmerged(Manifest(t, dir), nil) != 0 {
				t.Fatalf("exit code %d, or not all is linked\n%s", r.Code, r.trouble())
			}
			m.stuff("after")
			checkContents(t, "right after the run", before, m.cutPower())
		})
	}
}

// overlaid mounts an overlay, and makes its upper layer on the machine's disk the directory of
// the machine.
func (m *machine) overlaid() string {
	m.t.Helper()
	dir := overlayOver(m.t, tempDir(m.t), m.dir)
	m.dir = filepath.Join(m.dir, "upper")
	return dir
}

// TestRemovedFew: what is held open until then leaves room for the run where few files may be
// open.
func TestRemovedFew(t *testing.T) {
	t.Parallel()
	needTools(t, "prlimit")
	dir := newTree(t, Ext4(t, Disk{Mount: "data=writeback"}))
	makeCopies(t, dir, 10, 60)
	r := Oneinode(t).RunUnder([]string{"prlimit", "--nofile=140"}, "dedupe", dir)
	if n := Unmerged(Manifest(t, dir), nil); n != 0 || r.Code != 0 {
		t.Errorf("exit code %d, and %d inodes are left that could go\n%s", r.Code, n, r.trouble())
	}
}

// stuff writes a file until the disk is full, past the page cache: nothing else reaches the disk
// with it.
func (m *machine) stuff(name string) {
	m.t.Helper()
	out, _ := exec.Command("dd", "if=/dev/urandom", "of="+filepath.Join(m.dir, name), "bs=4k", "oflag=direct").CombinedOutput()
	if !strings.Contains(string(out), "No space left") {
		m.t.Fatalf("the disk did not get full: %s", out)
	}
}

// cutsUntil cuts the power until the run has ended, with no longer a pause between two cuts.
func (m *machine) cutsUntil(run *running, pause time.Duration) (images []string) {
	m.t.Helper()
	for i := 0; i < cuts() && !over(run); i++ {
		time.Sleep(rand.N(pause))
		if i%2 == 0 {
			m.commit()
		}
		images = append(images, m.clone())
	}
	run.wait().want(m.t, 0)
	return images
}

// cutsDuring runs a command and cuts the power meanwhile, with the filesystem's
// journal forced out before every other cut, and once more right after the end.
func (m *machine) cutsDuring(oneinode *Program, args ...string) (images []string) {
	m.t.Helper()
	names := watchNames(m.t, m.dir)
	defer names.close()
	run := oneinode.Start(nil, args...)
	names.temporary(run.done)
	images = m.cutsUntil(run, 15*time.Millisecond)
	m.commit()
	images = append(images, m.clone())
	flushed(m.t, m.dir) // on btrfs an fsync of another file commits nothing but that
	return append(images, m.clone())
}

// TestPowerCutUndo cuts the power in the middle of an undo. Each path is complete
// then, and another undo finishes.
func TestPowerCutUndo(t *testing.T) {
	cutEverywhere(t, func(t *testing.T, _ powerPlace, m *machine) {
		m.fill(400)
		before := Manifest(t, m.dir)
		oneinode := Oneinode(t)
		oneinode.State = filepath.Join(m.dir, "not", "there", "yet")
		oneinode.Dedupe(0, m.dir)
		linked := Manifest(t, m.dir)
		images := m.cutsDuring(oneinode, "undo", "-q")
		begun := 0
		for i, image := range images {
			after := Manifest(t, m.start(image))
			checkContents(t, fmt.Sprint("cut ", i), before, after)
			n := len(linkSets(after)) - len(linkSets(linked))
			begun += btoi(n > 0)
		}
		t.Logf("%d cuts, %d with a part of the copies made", len(images), begun)
		m.undoAfterCut(images[rand.IntN(len(images)-1)], before, oneinode)
	})
}

// checkCut looks at what a start after the cut finds, and returns how many
// names had been changed.
func (m *machine) checkCut(name, image string, before Tree, oneinode *Program) int {
	m.t.Helper()
	dir := m.start(image)
	after := Followed(m.t, dir)
	state := filepath.Join(dir, strings.TrimPrefix(oneinode.State, m.dir))
	checkContents(m.t, name, before, after)
	return checkExplained(m.t, name, m.dir, before, after, intentions(m.t, state))
}

// undoAfterCut starts the machine from an image and takes the run back there.
func (m *machine) undoAfterCut(image string, before Tree, oneinode *Program) {
	m.t.Helper()
	undone := &machine{t: m.t, kind: m.kind, options: m.options}
	if m.kind == "xfs" {
		undone.options += "nouuid"
	}
	device := undone.device(image)
	defer exec.Command("losetup", "--detach", device).Run()
	// Over the living one, so that the paths in the journal lead there.
	mountOn(m.t, m.dir, "-t", m.kind, "-o", "defaults,"+undone.options, device)
	r := oneinode.Run("undo")
	// A cut may have come when the undo was through, and only that.
	if r.Code != 0 && !strings.Contains(r.trouble(), "no run to use") {
		m.t.Errorf("undo after a power cut: exit code %d\n%s%s", r.Code, r.Stdout, r.trouble())
	}
	after := Manifest(m.t, m.dir).settled()
	for path := range after {
		if path == "./unrelated" || strings.HasPrefix(path, "./not") {
			delete(after, path)
		}
	}
	checkUndone(m.t, before.settled(), after)
}

// TestPowerCutUnflushed: the same run, with flushes that do nothing, loses
// durable files at a power cut. That is what they are for, and what shows that
// the cuts of these tests can tell.
func TestPowerCutUnflushed(t *testing.T) {
	t.Parallel()
	needTools(t, "strace")
	for _, place := range powerPlaces {
		t.Run(place.name, func(t *testing.T) {
			t.Parallel()
			untilInTime(t, func(t *testing.T) bool {
				n := lostWithoutFlush(newMachine(t, place.kind, place.options))
				t.Logf("%s without flushes: %d of 100 durable files lost", place.name, n)
				return n > 0 || place.kind != "ext4"
			})
		})
	}
}

// lostWithoutFlush is lostUnflushed for a run of the program.
func lostWithoutFlush(m *machine) int {
	m.t.Helper()
	oneinode := Oneinode(m.t) // which may have to be built first
	before := m.fill(100)
	nothing := strace(m.t, []string{"syncfs:retval=0", "fsync:retval=0", "fdatasync:retval=0"})
	oneinode.RunUnder(nothing, "dedupe", m.dir).want(m.t, 0)
	m.commit()
	return lost(before, m.cutPower())
}

// TestPowerCutUndoElsewhere: what a journal on another disk tells of an undo that has ended
// is so, though the power is cut right after it.
func TestPowerCutUndoElsewhere(t *testing.T) {
	cutEverywhere(t, func(t *testing.T, _ powerPlace, m *machine) {
		m.fill(100)
		before := Manifest(t, m.dir)
		oneinode := Oneinode(t)
		oneinode.Dedupe(0, m.dir)
		flushed(t, m.dir)
		oneinode.Run("undo").want(t, 0)
		checkUndone(t, before.settled(), m.cutPower().settled())
	})
}

// TestPowerCutSplit: what a journal on another disk tells of a split that has ended is so, too.
func TestPowerCutSplit(t *testing.T) {
	cutEverywhere(t, func(t *testing.T, _ powerPlace, m *machine) {
		m.fill(4)
		for _, link := range []string{"hard", "symlink"} {
			oneinode := Oneinode(t)
			oneinode.Dedupe(0, "--link", link, m.dir)
			flushed(t, m.dir)
			paths, err := filepath.Glob(filepath.Join(m.dir, "old", "*"))
			must(t, err)
			oneinode.Run(append([]string{"split"}, paths...)...).want(t, 0)
			checkUndone(t, Manifest(t, m.dir).settled(), m.cutPower().settled())
		}
	})
}

// TestPowerCutUndoMeanwhile: what a journal on another disk tells of an undo at work is so
// already, whenever the power is cut.
func TestPowerCutUndoMeanwhile(t *testing.T) {
	cutEverywhere(t, func(t *testing.T, _ powerPlace, m *machine) {
		const names = 1200 // more than the journal is told of at once
		m.fill(names)
		oneinode := Oneinode(t)
		oneinode.Dedupe(0, m.dir)
		flushed(t, m.dir)
		run := oneinode.Start(nil, "undo", "-q")
		cuts := m.cutsAsTold(oneinode, run)
		if r := run.wait(); r.Code != 0 || len(cuts) == 0 || len(cuts[len(cuts)-1].told) != names {
			t.Fatalf("exit code %d, %d cuts\n%s", r.Code, len(cuts), r.trouble())
		}
		for i, cut := range cuts {
			inodes := map[uint64]bool{}
			for _, e := range Manifest(t, m.start(cut.image)).old() {
				inodes[e.Inode] = true
			}
			lost := slices.DeleteFunc(cut.told, func(inode uint64) bool { return inodes[inode] })
			if len(lost) > 0 {
				t.Errorf("cut %d: the journal tells of %d copies that no name leads to", i, len(lost))
			}
		}
	})
}

// toldCut is a disk when the power is cut, and which copies the journal told of before.
type toldCut struct {
	told  []uint64 // inode numbers
	image string
}

// cutsAsTold cuts the power whenever the journal tells of more copies, so many times at most, and
// once more at the end.
func (m *machine) cutsAsTold(oneinode *Program, run *running) (list []toldCut) {
	m.t.Helper()
	told := 0
	for !over(run) {
		now := copiesTold(m.t, oneinode.State)
		if len(now) > told && len(list) < cuts() {
			list, told = append(list, toldCut{now, m.clone()}), len(now)
		}
		time.Sleep(time.Millisecond)
	}
	return append(list, toldCut{copiesTold(m.t, oneinode.State), m.clone()})
}

// copiesTold reads which copies an undo has told the journals of, by inode number.
func copiesTold(t testing.TB, state string) (inodes []uint64) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(state, "runs", "*.journal"))
	must(t, err)
	for _, file := range files {
		b, err := os.ReadFile(file)
		must(t, err)
		for line := range bytes.Lines(b) {
			var r struct{ Undone struct{ Inode uint64 } }
			if _, body, _ := bytes.Cut(line, []byte(" ")); json.Unmarshal(body, &r) == nil && r.Undone.Inode != 0 {
				inodes = append(inodes, r.Undone.Inode)
			}
		}
	}
	return inodes
}
