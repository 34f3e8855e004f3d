package realfs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// place is a tree on some filesystem, and what must come of a dedupe of it.
type place struct {
	dir    string // given to oneinode
	watch  string // at least dir and something outside it; "" = dir
	domain func(path string) string
	fixed  bool   // dir/mirror cannot be changed
	frozen bool   // nothing can change there
	apart  string // the border that is told
	// partial: the filesystem takes apart hard links that it shows, so not all
	// can be merged, and a later run may find more.
	partial bool
	undo    int // the exit code of an undo that gives files their own blocks
}

// mirror tells the paths beneath dir/mirror, another mount, from the rest.
func mirror(path string) string {
	if strings.Contains(path+"/", "/mirror/") {
		return "mirror"
	}
	return "rest"
}

var places = map[string]func(t testing.TB) place{
	"plain":           plain,
	"ext4":            func(t testing.TB) place { return beside(t, Ext4(t, Disk{})) },
	"ext4 1k blocks":  func(t testing.TB) place { return beside(t, Ext4(t, Disk{Mkfs: []string{"-b", "1024", "-I", "128"}})) },
	"xfs":             func(t testing.TB) place { return beside(t, XFS(t, Disk{})) },
	"tmpfs":           func(t testing.TB) place { return beside(t, Tmpfs(t, "")) },
	"btrfs":           func(t testing.TB) place { return beside(t, Btrfs(t, Disk{})) },
	"subvolumes":      subvolumes,
	"overlay":         func(t testing.TB) place { return beside(t, Overlay(t, nil).Merged) },
	"overlay lower":   overlayLower,
	"bind mount":      bindMount,
	"same twice":      sameTwice,
	"nested mount":    nestedMount,
	"read-only":       readOnly,
	"nested readonly": nestedReadOnly,
}

// beside makes a library in a directory of the filesystem and its twin, of equal
// content and not to be touched, next to it.
func beside(t testing.TB, disk string) place {
	t.Helper()
	tree := filepath.Join(disk, "tree")
	for _, dir := range []string{tree, filepath.Join(disk, "outside")} {
		must(t, os.Mkdir(dir, 0o755))
		Library(t, dir, 7, 26)
	}
	return place{dir: tree, watch: disk}
}

// plain needs no root: it takes whatever the directory for temporary files is.
func plain(t testing.TB) place { return beside(t, t.TempDir()) }

// subvolumes: one mount, and two devices that cannot share an inode.
func subvolumes(t testing.TB) place {
	disk := Btrfs(t, Disk{})
	for _, name := range []string{"one", "two"} {
		Library(t, filepath.Join(disk, name), 7, 26)
	}
	return place{dir: disk, apart: "subvolume"}
}

// overlayLower: without its index, overlayfs copies a lower file up for each of
// its names, and they are one inode no more.
func overlayLower(t testing.TB) place {
	layers := Overlay(t, func(lower string) {
		must(t, os.Mkdir(filepath.Join(lower, "tree"), 0o755))
		Library(t, filepath.Join(lower, "tree"), 7, 26)
	})
	dir := filepath.Join(layers.Merged, "tree")
	fresh := filepath.Join(dir, "upper")
	must(t, os.Mkdir(fresh, 0o755))
	Library(t, fresh, 7, 26)
	return place{dir: dir, watch: layers.Merged, partial: true}
}

// bindMount: one device and two mounts, which link(2) does not cross.
func bindMount(t testing.TB) place {
	p := beside(t, Ext4(t, Disk{}))
	elsewhere := filepath.Join(p.watch, "elsewhere")
	must(t, os.Mkdir(elsewhere, 0o755))
	Library(t, elsewhere, 7, 13)
	Bind(t, elsewhere, filepath.Join(p.dir, "mirror"))
	p.watch, p.domain, p.apart = p.dir, mirror, "mount"
	return p
}

// sameTwice: the same directory under two names is one.
func sameTwice(t testing.TB) place {
	p := beside(t, Ext4(t, Disk{}))
	again := filepath.Join(p.dir, "mirror")
	Bind(t, filepath.Join(p.dir, "a"), again)
	// By whichever name the walk met it first, one of the two names is another
	// mount: what is seen twice may stay apart from the rest.
	p.domain = func(path string) string {
		if strings.HasPrefix(path, "./a/") {
			return "mirror"
		}
		return mirror(path)
	}
	return p
}

func nestedMount(t testing.TB) place {
	p := beside(t, Ext4(t, Disk{}))
	inner := filepath.Join(p.dir, "mirror")
	Bind(t, XFS(t, Disk{}), inner)
	Library(t, inner, 7, 13)
	return p
}

func readOnly(t testing.TB) place {
	p := beside(t, Ext4(t, Disk{}))
	ReadOnly(t, p.watch)
	p.frozen = true
	return p
}

func nestedReadOnly(t testing.TB) place {
	p := beside(t, Ext4(t, Disk{}))
	inner, disk := filepath.Join(p.dir, "mirror"), Ext4(t, Disk{})
	Library(t, disk, 7, 13)
	Bind(t, disk, inner)
	tool(t, "mount", "-o", "remount,bind,ro", inner)
	p.fixed = true
	return p
}

// TestMatrix: contents, owners, modes and attributes stay, equal files of one
// mount become one inode, and nothing else is touched.
func TestMatrix(t *testing.T) {
	t.Parallel()
	for name, make := range places {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			make(t).check(t, "hard", Manifest)
		})
	}
}

// check: show is what a reader sees of a tree with such links.
func (p place) check(t *testing.T, link string, show func(testing.TB, string) Tree) {
	if p.watch == "" {
		p.watch = p.dir
	}
	oneinode := Oneinode(t)
	before, shown, outside := Manifest(t, p.watch), show(t, p.watch), p.outside(t)

	plan := oneinode.Dedupe(0, "--link", link, "--dry-run", p.dir)
	checkIdentical(t, before, Manifest(t, p.watch))
	if r := oneinode.Run("scan", "--format", "json", p.dir); p.apart != "" && !strings.Contains(r.Stdout, `"apart":["`+p.apart+`"]`) {
		t.Errorf("no word of the %ss", p.apart)
	}

	done := oneinode.Dedupe(0, "--link", link, p.dir)
	if plan.ReclaimableBytes != done.FreedBytes || done.Skipped > plan.Skipped {
		t.Errorf("planned %+v\n   done %+v", plan, done)
	}
	after := Manifest(t, p.watch)
	CheckSame(t, shown, show(t, p.watch))
	checkIdentical(t, outside, p.outside(t))
	if p.frozen {
		p.checkScan(t)
		checkIdentical(t, before, Manifest(t, p.watch))
		return
	}
	noLeftovers(t, after)
	if links := checkLinks(t, before, after); link == "symlink" && int64(links) < done.Linked {
		t.Errorf("%d names linked, it says %d", links, done.Linked)
	}
	if p.partial {
		return
	}
	merged := show(t, p.dir)
	p.checkMerged(t, merged)
	if done.Linked == 0 {
		t.Error("nothing was linked")
	}
	if again := oneinode.Dedupe(0, "--link", link, p.dir); again.Linked != 0 {
		t.Errorf("a second run linked %d more", again.Linked)
	}
	checkIdentical(t, merged, show(t, p.dir))
}

// checkScan: a scan says what could be won where the filesystem can be written to.
func (p place) checkScan(t testing.TB) {
	t.Helper()
	r := Oneinode(t).Run("scan", p.dir)
	if !strings.Contains(r.Stdout, "is mounted read-only") || !strings.Contains(r.Stdout, "link  ") {
		t.Errorf("the scan says\n%s%s", r.Stdout, r.Stderr)
	}
}

// outside is what lies beside the tree, if there is anything.
func (p place) outside(t testing.TB) Tree {
	dir := filepath.Join(p.watch, "outside")
	if _, err := os.Stat(dir); err != nil {
		return Tree{}
	}
	return Manifest(t, dir)
}

func (p place) checkMerged(t testing.TB, after Tree) {
	t.Helper()
	if p.fixed {
		after = after.without("/mirror/")
	}
	allMerged(t, after, p.domain)
}

// without drops the paths that contain a part.
func (tree Tree) without(part string) Tree {
	rest := Tree{}
	for path, e := range tree {
		if !strings.Contains(path, part) {
			rest[path] = e
		}
	}
	return rest
}

// checkIdentical fails if anything at all has changed, identity included.
func checkIdentical(t testing.TB, before, after Tree) {
	t.Helper()
	CheckSame(t, before, after)
	for path, was := range before {
		if now, there := after[path]; there && now != was {
			t.Errorf("%q has changed:\n  was %+v\n  now %+v", path, was, now)
			return
		}
	}
}
