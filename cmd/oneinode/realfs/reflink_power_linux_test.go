package realfs_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestReflinkPowerCut cuts the power at random moments of a run whose journal is
// on the same disk. What the next start finds shows every durable file as it
// was, and each file that lies elsewhere now has its record.
func TestReflinkPowerCut(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"btrfs", "xfs"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, kind, "")
			before := m.fill(600)
			stored := storages(t, m.dir, before)
			oneinode := Oneinode(t)
			oneinode.State = filepath.Join(m.dir, "not", "there", "yet")
			run := oneinode.Start(nil, "dedupe", "-q", "--link", "reflink", m.dir)
			awaitJournal(oneinode, run.done)
			images := append(m.cutsUntil(run, 25*time.Millisecond), m.clone())
			m.commit()
			images = append(images, m.clone())
			flushed(t, m.dir) // on btrfs an fsync of another file commits nothing but that
			images = append(images, m.clone())
			moved := 0
			for i, image := range images {
				moved += m.checkSharingCut(fmt.Sprint("cut ", i), image, before, stored, oneinode)
			}
			t.Logf("%d cuts, %d durable files that lay elsewhere explained", len(images), moved)
			if moved == 0 {
				t.Error("no cut came after a change: the cuts show nothing")
			}
		})
	}
}

// checkSharingCut looks at what a start after the cut finds, and returns how many
// durable files lie elsewhere than before.
func (m *machine) checkSharingCut(name, image string, before Tree, stored map[string]string, oneinode *Program) (moved int) {
	m.t.Helper()
	dir := m.start(image)
	after := Manifest(m.t, dir).old()
	for path, was := range before {
		now := after[path]
		now.Dev = was.Dev // another device holds the image
		if now != was {
			m.t.Errorf("%s: %s was %+v, now %+v", name, path, was, now)
		}
	}
	journal := intentions(m.t, filepath.Join(dir, strings.TrimPrefix(oneinode.State, m.dir)))
	for path, where := range storages(m.t, dir, after) {
		if where == stored[path] {
			continue
		}
		moved++
		if !slices.ContainsFunc(journal[filepath.Join(m.dir, path)], func(i intent) bool { return i.old == before[path].Inode }) {
			m.t.Errorf("%s: %s lies elsewhere, and no record says so", name, path)
		}
	}
	return moved
}

// TestReflinkSavings: what a dry run calls reclaimable, what the run says it
// freed and what the filesystem has free afterwards agree within one percent:
// the trees that count shared blocks take some blocks themselves.
func TestReflinkSavings(t *testing.T) {
	t.Parallel()
	for name, disk := range map[string]func(t testing.TB) string{
		"btrfs": func(t testing.TB) string { return Btrfs(t, Disk{Size: 700 * mib}) },
		"xfs":   func(t testing.TB) string { return XFS(t, Disk{Size: 500 * mib, Mkfs: []string{"-m", "reflink=1"}}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := disk(t)
			fillForSharing(t, dir)
			checkSavings(t, dir, "reflink")
		})
	}
}

// fillForSharing makes about 80 MiB of copies: some share blocks already, some
// share them with a file outside the tree (they free nothing), some have a name
// outside (they free all the same), some are sparse, some differ in owner.
func fillForSharing(t testing.TB, dir string) {
	t.Helper()
	tree, outside := filepath.Join(dir, "tree"), filepath.Join(dir, "outside")
	must(t, os.Mkdir(tree, 0o755))
	must(t, os.Mkdir(outside, 0o755))
	for i := range 40 {
		content := noise(uint64(100+i), 700_000+i*10_007)
		for j := range 4 {
			path := filepath.Join(tree, fmt.Sprintf("%02d-%d", i, j))
			other := filepath.Join(outside, filepath.Base(path))
			switch {
			case i%5 == 1 && j == 3:
				tool(t, "cp", "--reflink=always", filepath.Join(tree, fmt.Sprintf("%02d-2", i)), path)
			default:
				must(t, os.WriteFile(path, content, 0o644))
			}
			switch {
			case i%5 == 0:
				must(t, os.Link(path, other))
			case i%5 == 2:
				tool(t, "cp", "--reflink=always", path, other)
			case i%5 == 3:
				must(t, os.Chown(path, j, i))
			}
			if i%7 == 0 {
				must(t, os.Truncate(path, 30*mib)) // a hole that takes no room
			}
		}
	}
}

// TestReflinkUndo: a run that is taken back leaves every path as it was, with
// blocks of its own, also when that is killed and done again.
func TestReflinkUndo(t *testing.T) {
	t.Parallel()
	for name, make := range sharingPlaces {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := make(t)
			before, apart, oneinode := Manifest(t, p.dir), Apart(t, p.dir, p.domain), Oneinode(t)
			oneinode.Dedupe(0, "--link", "reflink", p.dir)
			oneinode.Run("verify").want(t, 0)
			interruptUndo(t, oneinode, p.dir, Followed(t, p.dir))
			finishUndo(t, oneinode, p.undo)
			after := Manifest(t, p.dir)
			checkUndone(t, before, after)
			for path, was := range before {
				if after[path].Inode != was.Inode {
					t.Errorf("%s is another inode now", path)
				}
			}
			// Those that shared with a snapshot have more of their own now.
			if n := Apart(t, p.dir, p.domain); n < apart && p.undo == 0 {
				t.Errorf("undone, %d copies are apart, there were %d", n, apart)
			}
		})
	}
}

// interruptUndo begins an undo a few times and kills it.
func interruptUndo(t testing.TB, oneinode *Program, dir string, before Tree) {
	t.Helper()
	for range 3 {
		run := oneinode.Start(nil, "undo", "-q")
		time.Sleep(rand.N(60 * time.Millisecond))
		run.kill(unix.SIGKILL)
		run.wait()
		checkContents(t, "undo killed", before, Followed(t, dir))
	}
}

// finishUndo does what is left, unless the last one was not killed in time.
func finishUndo(t testing.TB, oneinode *Program, code int) {
	t.Helper()
	if stateOf(t, oneinode) == "undone" {
		return
	}
	if r := oneinode.Run("undo"); r.Code != code {
		t.Fatalf("undo: exit code %d\n%s%s", r.Code, r.Stdout, r.trouble())
	}
}

// TestReflinkVerify: a file that was written to since is told, and nothing else is.
func TestReflinkVerify(t *testing.T) {
	t.Parallel()
	eachReflinking(t, func(t *testing.T, disk string) {
		dir := newTree(t, disk)
		_, _, victim, content := trio(t, dir)
		oneinode := Oneinode(t)
		oneinode.Dedupe(0, "--link", "reflink", dir)
		oneinode.Run("verify").want(t, 0)
		intrude(t, victim, "overwrite", content)
		r := oneinode.Run("verify")
		if r.Code != 3 || !strings.Contains(r.Stdout, victim) {
			t.Errorf("written to: exit code %d\n%s%s", r.Code, r.Stdout, r.trouble())
		}
		before := Manifest(t, dir)
		if r := oneinode.Run("undo"); r.Code != 0 && r.Code != 3 {
			t.Errorf("undo: exit code %d\n%s", r.Code, r.trouble())
		}
		CheckSame(t, before, Manifest(t, dir))
	})
}

// TestReflinkRehearsedAgain: of files that have blocks of their own by now undo -n says what undo
// says, also where an undo has been there before, and a later run stands.
func TestReflinkRehearsedAgain(t *testing.T) {
	t.Parallel()
	disk := reflinking["btrfs"](t)
	first, second, oneinode := filepath.Join(disk, "first"), filepath.Join(disk, "second"), Oneinode(t)
	for _, dir := range []string{first, second} {
		must(t, os.Mkdir(dir, 0o755))
		trio(t, dir)
		if s := oneinode.Dedupe(0, "--link", "reflink", dir); s.Linked != 2 {
			t.Fatalf("linked %d, want 2", s.Linked)
		}
	}
	if r := oneinode.Run("split", "--blocks", "-r", first); r.Code != 0 {
		t.Fatal(r.trouble())
	}
	id := firstRun(t, oneinode)
	for range 2 {
		dry, r := oneinode.Run("undo", "-n", id), oneinode.Run("undo", id)
		if restored(dry) != "0" || restored(r) != "0" {
			t.Errorf("undo -n:\n%s%s\nundo:\n%s%s", dry.Stdout, dry.trouble(), r.Stdout, r.trouble())
		}
	}
}

// TestReflinkRehearsedFixed: files that nobody can write to get no blocks of their own, and undo
// -n says so.
func TestReflinkRehearsedFixed(t *testing.T) {
	t.Parallel()
	eachReflinking(t, func(t *testing.T, dir string) {
		oneinode := Oneinode(t)
		trio(t, dir)
		if s := oneinode.Dedupe(0, "--link", "reflink", dir); s.Linked != 2 {
			t.Fatalf("linked %d, want 2", s.Linked)
		}
		ReadOnly(t, dir)
		dry, r := oneinode.Run("undo", "-n"), oneinode.Run("undo")
		if restored(dry) != "0" || dry.Code != 3 || dry.Stderr != r.Stderr {
			t.Errorf("undo -n: exit code %d\n%s%s\nundo: exit code %d\n%s%s", dry.Code, dry.Stdout, dry.trouble(), r.Code, r.Stdout, r.trouble())
		}
	})
}

// firstRun is the id of the oldest run.
func firstRun(t testing.TB, p *Program) string {
	t.Helper()
	var list struct{ Runs []struct{ ID string } }
	must(t, json.Unmarshal([]byte(p.Run("runs", "--format", "json").Stdout), &list))
	return list.Runs[0].ID
}

// TestReflinkFull: on a disk without a free block nothing is lost, what cannot
// be done is told, and with room the next run finishes.
func TestReflinkFull(t *testing.T) {
	t.Parallel()
	eachReflinking(t, func(t *testing.T, place string) {
		tree := newTree(t, place)
		makeShareable(t, tree, 4, 20)
		remove := fillUp(t, place)
		before := Manifest(t, tree)
		oneinode := Oneinode(t)
		r := oneinode.Run("dedupe", "--link", "reflink", tree)
		if r.Code != 0 && r.Code != 3 && r.Code != 1 {
			t.Errorf("exit code %d\n%s", r.Code, r.trouble())
		}
		checkIdentical(t, before, Manifest(t, tree))
		n := Apart(t, tree, nil)
		t.Logf("full: exit code %d, %d copies are left", r.Code, n)
		if n != 0 && r.Code == 0 {
			t.Errorf("exit code 0, and %d copies could still share", n)
		}
		remove()
		oneinode.Dedupe(0, "--link", "reflink", tree)
		checkIdentical(t, before, Manifest(t, tree))
		if n := Apart(t, tree, nil); n != 0 {
			t.Errorf("with room, %d copies could still share", n)
		}
	})
}
