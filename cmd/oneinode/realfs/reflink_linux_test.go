package realfs_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// sharingPlaces are those whose copies can come to share their blocks.
var sharingPlaces = map[string]func(t testing.TB) place{
	"btrfs": func(t testing.TB) place { return beside(t, reflinking["btrfs"](t)) },
	"xfs":   func(t testing.TB) place { return beside(t, reflinking["xfs"](t)) },
	"xfs 1k blocks": func(t testing.TB) place {
		return beside(t, XFS(t, Disk{Mkfs: []string{"-m", "reflink=1", "-b", "size=1024"}}))
	},
	"subvolumes":        subvolumes, // two device numbers, one filesystem
	"snapshots":         sharedSnapshots,
	"compressed":        sharedCompressed,
	"nodatacow":         sharedNoCow,
	"two mounts of one": sharedMounts,
}

// sharedSnapshots: a subvolume, a snapshot that can be written to and one that
// cannot. They share all blocks to begin with; copies in another subvolume do
// not. In a snapshot that cannot be written to, the kernel lets blocks be shared,
// but an undo cannot write new ones.
func sharedSnapshots(t testing.TB) place {
	disk := Btrfs(t, Disk{})
	for _, name := range []string{"one", "two"} {
		Library(t, filepath.Join(disk, name), 7, 26)
	}
	flushed(t, disk)
	one := filepath.Join(disk, "one")
	tool(t, "btrfs", "subvolume", "snapshot", one, filepath.Join(disk, "rw"))
	tool(t, "btrfs", "subvolume", "snapshot", "-r", one, filepath.Join(disk, "ro"))
	return place{dir: disk, undo: 3}
}

// sharedCompressed: what a compressing filesystem writes in pieces of its own.
func sharedCompressed(t testing.TB) place {
	tree := newTree(t, Btrfs(t, Disk{Mount: "compress-force=zstd"}))
	for i := range 40 {
		content := []byte(strings.Repeat(fmt.Sprintf("a line of kind %d\n", i%8), 20+i%8*2000))
		must(t, os.WriteFile(filepath.Join(tree, fmt.Sprintf("f%02d", i)), content, 0o644))
	}
	makeShareable(t, tree, 2, 10)
	return place{dir: tree}
}

// sharedNoCow: files without checksums share with their like only.
func sharedNoCow(t testing.TB) place {
	disk := Btrfs(t, Disk{})
	tree := newTree(t, disk)
	for _, name := range []string{"nocow", "cow"} {
		must(t, os.Mkdir(filepath.Join(tree, name), 0o755))
	}
	tool(t, "chattr", "+C", filepath.Join(tree, "nocow"))
	for _, name := range []string{"nocow", "cow"} {
		makeShareable(t, filepath.Join(tree, name), 2, 10)
	}
	return place{dir: tree, domain: func(path string) string { return strings.Split(path, "/")[1] }}
}

// sharedMounts: what link(2) cannot cross, shared blocks can.
func sharedMounts(t testing.TB) place {
	tree := newTree(t, reflinking["xfs"](t))
	makeShareable(t, tree, 2, 10)
	elsewhere := filepath.Join(filepath.Dir(tree), "elsewhere")
	must(t, os.Mkdir(elsewhere, 0o755))
	makeShareable(t, elsewhere, 2, 10)
	Bind(t, elsewhere, filepath.Join(tree, "mirror"))
	return place{dir: tree}
}

// TestReflinkMatrix: copies share their blocks, whoever owns them and however
// often they are named, and not a thing that the world sees has changed.
func TestReflinkMatrix(t *testing.T) {
	t.Parallel()
	for name, make := range sharingPlaces {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			make(t).checkSharing(t)
		})
	}
}

func (p place) checkSharing(t *testing.T) {
	oneinode, watch := Oneinode(t), cmp.Or(p.watch, p.dir)
	before := Manifest(t, watch)
	stored, apart := storages(t, watch, before), Apart(t, p.dir, p.domain)

	oneinode.Dedupe(0, "--link", "reflink", "--dry-run", p.dir)
	checkIdentical(t, before, Manifest(t, watch))

	done := oneinode.Dedupe(0, "--link", "reflink", p.dir)
	after := Manifest(t, watch)
	checkIdentical(t, before, after)
	if left := Apart(t, p.dir, p.domain); left != 0 {
		t.Errorf("%d copies could still share, there were %d", left, apart)
	}
	if done.Linked == 0 || done.FreedBytes == 0 {
		t.Errorf("nothing was shared: %+v", done)
	}
	settled := storages(t, watch, after)
	for path, where := range settled {
		if strings.HasPrefix(path, "./outside/") && where != stored[path] {
			t.Errorf("%s, outside, lies elsewhere now", path)
		}
	}
	if again := oneinode.Dedupe(0, "--link", "reflink", p.dir); again.FreedBytes != 0 || again.ReclaimableBytes != 0 {
		t.Errorf("a second run finds more: %+v", again)
	}
	checkIdentical(t, after, Manifest(t, watch))
	for path, where := range storages(t, watch, after) {
		if where != settled[path] {
			t.Errorf("the second run moved %s", path)
		}
	}
}

// TestReflinkIndependent: what is written to one path afterwards shows nowhere else.
func TestReflinkIndependent(t *testing.T) {
	t.Parallel()
	eachReflinking(t, func(t *testing.T, disk string) {
		dir := newTree(t, disk)
		keeper, middle, victim, content := trio(t, dir)
		Oneinode(t).Dedupe(0, "--link", "reflink", dir)
		if n := Apart(t, dir, nil); n != 0 {
			t.Fatalf("%d apart", n)
		}
		want := intrude(t, victim, "overwrite", content)
		wantContent(t, victim, want)
		for _, other := range []string{keeper, middle} {
			wantContent(t, other, content)
		}
	})
}

// TestReflinkUnable: where blocks cannot be shared, that is said before any file
// is opened, together with what would work.
func TestReflinkUnable(t *testing.T) {
	t.Parallel()
	for name, disk := range map[string]func(t testing.TB) string{
		"ext4":    leaseFilesystems["ext4"],
		"xfs":     func(t testing.TB) string { return XFS(t, Disk{Mkfs: []string{"-m", "reflink=0"}}) },
		"tmpfs":   leaseFilesystems["tmpfs"],
		"overlay": leaseFilesystems["overlay"],
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := newTree(t, disk(t))
			makeShareable(t, dir, 2, 10)
			before, opened := Manifest(t, dir), watchOpens(t, dir)
			r := Oneinode(t).Run("dedupe", "--link", "reflink", dir).want(t, 1)
			if strings.Count(r.Stderr, "--link hard") != 1 || strings.Count(r.Stderr, "--link auto") != 1 {
				t.Errorf("what would work is not said once:\n%s", r.trouble())
			}
			if names := opened(); len(names) > 0 {
				t.Errorf("files were opened: %q", names)
			}
			checkIdentical(t, before, Manifest(t, dir))
		})
	}
}

// TestReflinkUnableBesideEmpty: that a filesystem has reflinks is of no use where no file lies.
func TestReflinkUnableBesideEmpty(t *testing.T) {
	t.Parallel()
	dir, empty := newTree(t, leaseFilesystems["tmpfs"](t)), newTree(t, XFS(t, Disk{}))
	makeShareable(t, dir, 2, 10)
	r := Oneinode(t).Run("dedupe", "--link", "reflink", dir, empty).want(t, 1)
	if !strings.Contains(r.Stderr, "no file here is on a filesystem with reflinks") {
		t.Errorf("what is missing is not said:\n%s", r.trouble())
	}
}

// watchOpens tells which files of a tree were opened since.
func watchOpens(t testing.TB, dir string) (opened func() []string) {
	t.Helper()
	fd := inotify(t, dir, unix.IN_OPEN)
	return func() (names []string) {
		defer unix.Close(fd)
		for event, name := range happened(fd) {
			if event.Mask&unix.IN_ISDIR == 0 {
				names = append(names, name)
			}
		}
		return names
	}
}

// TestLinkAuto: one run shares blocks where that can be and makes hard links
// elsewhere, and says which for each set.
func TestLinkAuto(t *testing.T) {
	t.Parallel()
	eachReflinking(t, func(t *testing.T, disk string) {
		dir := newTree(t, disk)
		makeShareable(t, dir, 2, 10)
		inner := newTree(t, Ext4(t, Disk{}))
		makeShareable(t, inner, 2, 10)
		Bind(t, inner, filepath.Join(dir, "mirror"))
		oneinode := Oneinode(t)
		before, apart := Manifest(t, dir), Apart(t, dir, mirror)
		r := oneinode.Run("dedupe", "--link", "auto", "--dry-run", "--format", "json", dir)
		if hard, reflink := strings.Count(r.Stdout, `"link":"hard"`), strings.Count(r.Stdout, `"link":"reflink"`); hard+reflink < 5 {
			t.Logf("%d sets say hard, %d reflink", hard, reflink)
		}
		oneinode.Dedupe(0, "--link", "auto", dir)
		after := Manifest(t, dir)
		CheckSame(t, before, after)
		checkIdentical(t, before.without("/mirror"), after.without("/mirror"))
		if n := Apart(t, dir, mirror); n != 0 {
			t.Errorf("%d copies could still share", n)
		}
		for path := range after {
			if !strings.Contains(path, "/mirror/") {
				delete(after, path)
			}
		}
		if n := Unmerged(after, nil); n != 0 {
			t.Errorf("%d inodes of ext4 could still be linked", n)
		}
		linked := Manifest(t, dir)
		dry := oneinode.Run("undo", "-n")
		checkIdentical(t, linked, Manifest(t, dir))
		r = oneinode.Run("undo").want(t, 0)
		if a, b := restored(dry), restored(r); dry.Code != 0 || a != b {
			t.Errorf("undo -n: exit code %d, %s paths; undo: %s\n%s", dry.Code, a, b, dry.trouble())
		}
		checkUndone(t, before, Manifest(t, dir))
		if n := Apart(t, dir, mirror); n != apart {
			t.Errorf("undone, %d copies are apart, there were %d", n, apart)
		}
	})
}

// TestReflinkWriterBefore: a file that a process has open, or still mapped, for
// writing is left alone, and told; the rest is done.
func TestReflinkWriterBefore(t *testing.T) {
	t.Parallel()
	eachReflinking(t, func(t *testing.T, disk string) {
		eachHeld(t, disk, "reflink", Storage)
	})
}

// TestReflinkWriterMeanwhile: a writer that comes in the middle finds its bytes
// at its path, and nobody else does.
func TestReflinkWriterMeanwhile(t *testing.T) {
	t.Parallel()
	needTools(t, "strace")
	eachReflinking(t, func(t *testing.T, dir string) {
		var group sync.WaitGroup // they do little but wait
		defer group.Wait()
		for _, window := range []string{"ioctl:delay_enter=300ms", "ioctl:delay_exit=300ms"} {
			for _, target := range []string{"keeper", "victim"} {
				for _, how := range []string{"overwrite", "append", "truncate"} {
					sub := filepath.Join(dir, strings.ReplaceAll(window+target+how, ":", "-"))
					must(t, os.Mkdir(sub, 0o755))
					group.Go(func() { reflinkWriterMeanwhile(t, sub, window, target, how) })
				}
			}
		}
	})
}

func reflinkWriterMeanwhile(t *testing.T, dir, window, target, how string) {
	t.Helper()
	keeper, victim, content := duo(t, dir)
	oneinode := Oneinode(t)
	run := oneinode.Start(strace(t, []string{window}, keeper, victim), "dedupe", "--link", "reflink", dir)
	if !awaitJournal(oneinode, run.done) {
		t.Fatalf("no run was seen: %+v", run.wait())
	}
	time.Sleep(100 * time.Millisecond)
	path, other := victim, keeper
	if target == "keeper" {
		path, other = keeper, victim
	}
	want := intrude(t, path, how, content)
	if r := run.wait(); r.Code != 0 && r.Code != 3 {
		t.Errorf("exit code %d\n%s", r.Code, r.trouble())
	}
	wantContent(t, path, want)
	wantContent(t, other, content)
}

// TestFromAuto: a scan with --link auto is carried out as it was decided: reflinks need
// not agree in anything, unless --match says so.
func TestFromAuto(t *testing.T) {
	t.Parallel()
	dir := newTree(t, Btrfs(t, Disk{}))
	alike(t, dir, "a", "b", "c")
	must(t, os.Chmod(filepath.Join(dir, "c"), 0o600))
	flushed(t, dir)
	for _, c := range []struct {
		match  []string
		linked int64
	}{{[]string{"--match", "mode"}, 1}, {nil, 1}} { // what the first leaves, the second shares
		oneinode, saved := Oneinode(t), filepath.Join(t.TempDir(), "scan.json")
		oneinode.Run(append([]string{"scan", "-q", "--link", "auto", "-o", saved, dir}, c.match...)...)
		if done := oneinode.Dedupe(0, "--from", saved); done.Linked != c.linked || done.FreedBytes == 0 {
			t.Errorf("with %v: %+v", c.match, done)
		}
	}
}
