package realfs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// scattered counts the inodes that could go wherever they are. Of a tree of Followed, a
// symbolic link counts as what it leads to.
func scattered(tree Tree) int {
	return Unmerged(tree, everywhere)
}

func everywhere(string) string { return "" }

// checkLinks looks at each path that was a file and is a symbolic link now: its
// target is a relative path to a file of the tree, or to one that became such a
// link itself in a later run. It returns how many there are.
func checkLinks(t testing.TB, before, after Tree) (links int) {
	t.Helper()
	for path, e := range after {
		if e.Type != unix.S_IFLNK || before[path].Type != unix.S_IFREG {
			continue
		}
		links++
		target := filepath.Join(filepath.Dir(path), e.SHA)
		if filepath.IsAbs(e.SHA) || after["./"+target].Type != unix.S_IFREG && before["./"+target].Type != unix.S_IFREG {
			t.Errorf("%s leads to %q, which is %+v", path, e.SHA, after["./"+target])
		}
	}
	return links
}

// symlinkPlaces are those of the matrix, and what stays there beside the keepers.
var symlinkPlaces = []string{
	"plain", "ext4", "xfs", "tmpfs", "btrfs", "subvolumes", "overlay",
	"bind mount", "same twice", "nested mount", "read-only", "nested readonly",
}

// TestSymlinkMatrix: every path shows what it showed, equal files are one file
// and symbolic links to it, across filesystems as well, and nothing else is touched.
func TestSymlinkMatrix(t *testing.T) {
	t.Parallel()
	for _, name := range symlinkPlaces {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := places[name](t)
			p.domain = everywhere
			p.check(t, "symlink", Followed)
		})
	}
}

// TestSymlinkRoots: links lead to their keepers, however the PATHs were given:
// through symbolic links of other depth, relative, with dots.
func TestSymlinkRoots(t *testing.T) {
	t.Parallel()
	for name, absolute := range map[string]bool{"relative": false, "absolute": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := tempDir(t)
			deep := filepath.Join(dir, "some", "where", "deep", "one")
			must(t, os.MkdirAll(deep, 0o755))
			must(t, os.MkdirAll(filepath.Join(dir, "two", "in"), 0o755))
			must(t, os.Symlink(deep, filepath.Join(dir, "one")))
			must(t, os.Mkdir(filepath.Join(dir, "links"), 0o755))
			must(t, os.Symlink("../two", filepath.Join(dir, "links", "two")))
			makeShareable(t, deep, 2, 10) // a long target takes a block, so a shorter file would gain nothing
			makeShareable(t, filepath.Join(dir, "two", "in"), 2, 10)
			must(t, os.WriteFile(filepath.Join(dir, "two", "odd \n\xff'\""), noise(1, shareableSizes[1]), 0o644))
			before, followed := Manifest(t, dir), Followed(t, dir)
			args := []string{"--link", "symlink", filepath.Join(dir, "one") + "/", dir + "/links/../links/two/"}
			if absolute {
				args = append([]string{"--absolute"}, args...)
			}
			Oneinode(t).Dedupe(0, args...)
			CheckSame(t, followed, Followed(t, dir))
			allMerged(t, Followed(t, dir), everywhere)
			for path, e := range Manifest(t, dir) {
				if before[path].Type == unix.S_IFREG && e.Type == unix.S_IFLNK && filepath.IsAbs(e.SHA) != absolute {
					t.Errorf("%s leads to %q", path, e.SHA)
				}
			}
		})
	}
}

// TestSymlinkOutside: a file with another name outside the PATHs stays: to
// replace one of its names would part them, and free nothing.
func TestSymlinkOutside(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	tree := newTree(t, dir)
	_, middle, victim, _ := trio(t, tree)
	must(t, os.Link(victim, filepath.Join(dir, "other")))
	oneinode := Oneinode(t)
	before := inode(t, victim)
	oneinode.Dedupe(0, "--link", "symlink", "--keep", "oldest", tree)
	if inode(t, victim) != before {
		t.Error("a file with a name outside was replaced")
	}
	if target, err := os.Readlink(middle); err != nil || target != "keeper" && target != "victim" {
		t.Errorf("the other copy: %q, %v", target, err)
	}
}

// TestSymlinkNoRight: a run that may not give links the owner of the files leaves all as it was, and
// says with its exit code that somebody has to mend that, as its dry run does.
func TestSymlinkNoRight(t *testing.T) {
	t.Parallel()
	needTools(t, "setpriv")
	dir := newTree(t, Ext4(t, Disk{}))
	makeCopies(t, dir, 2, 2)
	for path := range Manifest(t, dir) {
		must(t, os.Chown(filepath.Join(dir, path), 1000, 1000))
	}
	before := Manifest(t, dir)
	for _, how := range []string{"-n", "-v"} {
		r := Oneinode(t).RunUnder([]string{"setpriv", "--inh-caps", "-chown", "--bounding-set", "-chown"}, "dedupe", how, "--link", "symlink", dir)
		if r.Code != 3 || !strings.Contains(r.Stderr, "cannot be given the owner") {
			t.Errorf("%s: exit code %d, want 3 and the reason\n%s", how, r.Code, r.trouble())
		}
		checkIdentical(t, before, Manifest(t, dir))
	}
}

// TestSymlinkNightly: a new copy every night, which is kept, does not make the
// way from the oldest path to its content longer than the kernel goes.
func TestSymlinkNightly(t *testing.T) {
	t.Parallel()
	dir, oneinode := tempDir(t), Oneinode(t)
	for night := range 45 {
		path := filepath.Join(dir, fmt.Sprintf("f%02d", night))
		must(t, os.WriteFile(path, []byte("the same"), 0o644))
		then := time.Unix(1_000_000_000+int64(night), 0)
		must(t, os.Chtimes(path, then, then))
		oneinode.Dedupe(0, "--link", "symlink", "--keep", "newest", dir)
	}
	for night := range 45 {
		wantContent(t, filepath.Join(dir, fmt.Sprintf("f%02d", night)), []byte("the same"))
	}
	allMerged(t, Followed(t, dir), everywhere)
}

// TestSymlinkLong: a target longer than the filesystem takes is told, and the
// file stays. xfs takes 1023 bytes, ext4 4095.
func TestSymlinkLong(t *testing.T) {
	t.Parallel()
	dir := newTree(t, XFS(t, Disk{}))
	deep := filepath.Join(dir, strings.Repeat(strings.Repeat("x", 200)+"/", 8))
	must(t, os.MkdirAll(deep, 0o755))
	must(t, os.WriteFile(filepath.Join(deep, "keeper"), []byte("the same"), 0o644))
	for _, name := range []string{"a", "b"} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte("the same"), 0o644))
	}
	before := Followed(t, dir)
	r := Oneinode(t).Run("dedupe", "-v", "--link", "symlink", "--reference", deep, dir)
	if r.Code != 0 && r.Code != 3 {
		t.Errorf("exit code %d\n%s", r.Code, r.trouble())
	}
	CheckSame(t, before, Followed(t, dir))
	noLeftovers(t, Manifest(t, dir))
	if said := r.Stdout + r.Stderr; !strings.Contains(said, "long") {
		t.Errorf("the reason is not told:\n%.2000s", said)
	}
}

// TestSymlinkWriterBefore: a file that a process has open, or still mapped, for
// writing is neither replaced nor kept as the one that links lead to.
func TestSymlinkWriterBefore(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"ext4", "tmpfs", "btrfs"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachHeld(t, leaseFilesystems[name](t), "symlink", followed)
		})
	}
}

// TestSymlinkWriterMeanwhile is TestWriterMeanwhile. Only a path that leads there already may
// show the bytes, too.
func TestSymlinkWriterMeanwhile(t *testing.T) {
	t.Parallel()
	writersMeanwhile(t, "symlink", "symlinkat")
}

// TestSymlinkLateWriters is TestLateWriters: every byte at the path that it was
// written to, though the paths become links under their writers.
func TestSymlinkLateWriters(t *testing.T) {
	t.Parallel()
	lateWriters(t, attackTime(), "--link", "symlink")
}

// TestSymlinkTwoRuns: runs that would keep what the other one replaces never
// leave two links that lead to each other.
func TestSymlinkTwoRuns(t *testing.T) {
	t.Parallel()
	needTools(t, "strace")
	for _, slow := range []string{"", "symlinkat:delay_exit=4ms", "renameat2:delay_enter=4ms", "renameat2:delay_exit=4ms", "unlinkat:delay_enter=4ms"} {
		t.Run(slow, func(t *testing.T) {
			t.Parallel()
			dir := tempDir(t)
			for i := range 60 {
				for k, name := range []string{"old", "new"} {
					path := filepath.Join(dir, fmt.Sprintf("%s-%02d", name, i))
					must(t, os.WriteFile(path, fmt.Appendf(nil, "pair %d", i), 0o644))
					then := time.Unix(1_000_000_000+int64(k), 0)
					must(t, os.Chtimes(path, then, then))
				}
			}
			before := Followed(t, dir)
			var runs []*running
			for _, keep := range []string{"oldest", "newest"} {
				var under []string
				if slow != "" {
					under = strace(t, []string{slow})
				}
				runs = append(runs, Oneinode(t).Start(under, "dedupe", "-q", "--link", "symlink", "--keep", keep, dir))
			}
			for _, run := range runs {
				if r := run.wait(); !slices.Contains([]int{0, 3, 4}, r.Code) {
					t.Errorf("exit code %d\n%s", r.Code, r.trouble())
				}
			}
			checkPaths(t, "two runs", before, Followed(t, dir))
			Oneinode(t).Dedupe(0, "--link", "symlink", dir)
			after := Followed(t, dir)
			checkPaths(t, "a third run", before, after)
			allMerged(t, after.settled(), everywhere)
			noLeftovers(t, after)
		})
	}
}

// TestSymlinkAttack: as root in the tree of somebody else, nothing outside
// changes, no content is lost, and no link leads out of the tree.
func TestSymlinkAttack(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for _, name := range []string{"parents and links", "names and outsiders", "links from outside", "planted names", "directories moved"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSiege(t)
			s.flags, s.time = []string{"--link", "symlink"}, attackTime()/2
			s.addPairs()
			runs, linked := s.withstand(attacks[name], 2)
			t.Logf("%d turns of the attack, %d runs, %d names linked", s.turns.Load(), runs, linked)
			if linked == 0 {
				t.Error("no run linked anything: the attack was not there in time")
			}
			checkInside(t, s.tree)
		})
	}
}

// addPairs adds contents that are there twice, and nowhere outside.
func (s *siege) addPairs() {
	for i := range 40 {
		path := s.in(fmt.Sprintf("d%02d", 1+i%5), fmt.Sprint("pair-", i))
		must(s.t, os.WriteFile(path, fmt.Appendf(nil, "pair of %d", i/2), 0o644))
		must(s.t, os.Chown(path, nobody, nobody))
	}
	for sha := range contentsOf(Manifest(s.t, s.tree)) {
		s.contents[sha] = true
	}
}

// checkInside looks at the links of the program: those of the attackers have
// absolute targets.
func checkInside(t testing.TB, tree string) {
	t.Helper()
	links := 0
	for path, e := range Manifest(t, tree) {
		if e.Type != unix.S_IFLNK || filepath.IsAbs(e.SHA) {
			continue
		}
		links++
		// A directory that the attackers have moved may be one deeper now. A link of ours that
		// two of them have moved to one of their names, at the top, was made one deeper.
		from := filepath.Dir(path)
		if strings.HasPrefix(filepath.Base(path), "link") {
			from = filepath.Join(from, "d")
		}
		if target := filepath.Join(from, e.SHA); strings.HasPrefix(target, "../") || strings.Contains(e.SHA, "outside") {
			t.Errorf("%s leads out of the tree: %q", path, e.SHA)
		}
	}
	if links == 0 {
		t.Error("there are no links: this shows nothing")
	}
}

// TestSymlinkFull: without a free inode no link can be made: nothing changes,
// that is told, and with room the next run does it.
func TestSymlinkFull(t *testing.T) {
	t.Parallel()
	disk := Ext4(t, Disk{Size: 32 * mib, Mkfs: []string{"-N", "128"}})
	tree := newTree(t, disk)
	copies(t, tree, 40, 10_000)
	fillInodes(t, disk)
	before := Manifest(t, tree)
	oneinode := Oneinode(t)
	oneinode.Dedupe(3, "--link", "symlink", tree)
	checkIdentical(t, before, Manifest(t, tree))
	fillers, err := filepath.Glob(filepath.Join(disk, "filler-*"))
	must(t, err)
	for _, filler := range fillers {
		must(t, os.Remove(filler))
	}
	followed := Followed(t, tree)
	oneinode.Dedupe(0, "--link", "symlink", tree)
	CheckSame(t, followed, Followed(t, tree))
	if n := scattered(Followed(t, tree)); n != 0 {
		t.Errorf("with room, %d inodes could still go", n)
	}
	t.Run("no block", func(t *testing.T) {
		disk := Ext4(t, Disk{Size: 32 * mib})
		tree := newTree(t, disk)
		copies(t, tree, 40, 10_000)
		fillUp(t, disk)
		followed := Followed(t, tree)
		Oneinode(t).Dedupe(0, "--link", "symlink", tree)
		CheckSame(t, followed, Followed(t, tree))
		allMerged(t, Followed(t, tree), everywhere)
	})
}

// TestSymlinkHostileTree: the steps of a replace, stretched, in a tree whose
// owner swaps directories for links and names for other names all the time.
func TestSymlinkHostileTree(t *testing.T) {
	t.Parallel()
	needRoot(t)
	needTools(t, "strace")
	for name, attack := range map[string]func(t testing.TB, tree, outside string) func(){
		"directory to link outside": swapDirectory, "file to link outside": swapFile, "names exchanged": swapNames,
	} {
		for _, slow := range []string{"openat2:delay_enter=15ms", "symlinkat:delay_enter=15ms", "renameat2:delay_enter=15ms", "renameat2:delay_exit=15ms"} {
			t.Run(name+"/"+slow, func(t *testing.T) {
				t.Parallel()
				hostile(t, attack, slow, "--link", "symlink")
			})
		}
	}
}
