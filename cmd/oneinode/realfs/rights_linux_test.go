package realfs_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// putTheirs makes equal files of user 7.
func putTheirs(t *testing.T, dir string, modes map[string]os.FileMode) {
	t.Helper()
	for base, mode := range modes {
		path := filepath.Join(dir, base)
		must(t, os.WriteFile(path, bytes.Repeat([]byte("same"), 5000), mode))
		must(t, os.Chmod(path, mode))
		must(t, os.Chown(path, 7, 7))
	}
}

// TestDryRunForetellsSharing: the kernel lets nobody but root move other people's files to other blocks,
// unless they may write there, and then nobody keeps the owner away while that is undone.
func TestDryRunForetellsSharing(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := newTree(t, reflinking["xfs"](t))
	must(t, os.Chmod(dir, 0o755))
	putTheirs(t, dir, map[string]os.FileMode{"a": 0o644, "closed": 0o644, "open": 0o666})
	oneinode := OneinodeOf(t, stranger)
	for _, args := range [][]string{{"dedupe", "--link", "reflink", "-n", dir}, {"dedupe", "--link", "reflink", dir}} {
		r := oneinode.Run(args...).want(t, 3)
		if !strings.Contains(r.Stderr, "closed: somebody else's file, which this user may not write to") || !strings.Contains(r.Stdout, "1 file") ||
			!strings.Contains(r.Stderr, "only root can give such a file back its owner") {
			t.Errorf("%q\n%s%s", args, r.Stdout, r.Stderr)
		}
	}
	for _, args := range [][]string{{"undo", "-n"}, {"undo"}} {
		if r := oneinode.Run(args...).want(t, 3); !strings.Contains(r.Stderr, "open: cannot be kept from others") || !strings.Contains(r.Stdout, "1 left alone") {
			t.Errorf("%q\n%s%s", args, r.Stdout, r.Stderr)
		}
	}
}

// TestDryRunForetellsRights: -n leaves out what a user may not do and tells of it, as the run does, and
// both agree on the rest. Of what nobody would link nothing is told.
func TestDryRunForetellsRights(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := newTree(t, Ext4(t, Disk{}))
	for _, d := range []struct {
		name        string
		owner, mode int // of the directory
		files       int // their owner
	}{
		{"own", stranger, 0o755, stranger}, {"closed", stranger, 0o555, stranger}, {"theirs", 7, 0o755, stranger},
		{"sticky", 7, 0o1777, 7}, {"mine", 7, 0o1777, stranger}, {"open", 7, 0o777, 7},
	} {
		for _, base := range []string{"a", "b"} {
			path := filepath.Join(dir, d.name, base)
			must(t, os.MkdirAll(filepath.Dir(path), 0o755))
			must(t, os.WriteFile(path, bytes.Repeat([]byte(d.name), 5000), 0o644))
			must(t, os.Chown(path, d.files, d.files))
		}
		must(t, os.Chown(filepath.Join(dir, d.name), d.owner, d.owner))
		must(t, unix.Chmod(filepath.Join(dir, d.name), uint32(d.mode)))
	}
	single := filepath.Join(dir, "closed", "own") // of another mode: it would stay anyway
	must(t, os.WriteFile(single, bytes.Repeat([]byte("own"), 5000), 0o640))
	must(t, os.Chown(single, stranger, stranger))
	denied := map[string]string{
		"closed/b": "its directory may not be written to", "theirs/b": "its directory may not be written to",
		"sticky/b": "somebody else's file, in a sticky directory of somebody else",
	}
	if guarded, _ := os.ReadFile("/proc/sys/fs/protected_hardlinks"); string(guarded) == "1\n" {
		denied["open/b"] = "somebody else's file, to which this user may make no links"
	}
	for link, name := range map[string]string{"b2": "b", "a2": "a", "a3": "a"} { // b2 only stays with b
		must(t, os.Link(filepath.Join(dir, "closed", name), filepath.Join(dir, "own", link)))
	}
	oneinode := OneinodeOf(t, stranger)
	before := Manifest(t, dir)
	plan := oneinode.Run("dedupe", "-n", dir).want(t, 3)
	checkIdentical(t, before, Manifest(t, dir))
	run := oneinode.Run("dedupe", dir).want(t, 3)
	for _, r := range []Result{plan, run} {
		for path, why := range denied {
			if want := filepath.Join(dir, path) + ": " + why; !strings.Contains(r.Stderr, want) {
				t.Errorf("%q: no %q\n%s", r.args, want, r.Stderr)
			}
		}
		if n := strings.Count(r.Stderr, ": permission denied"); n != len(denied) {
			t.Errorf("%q: %d files told of, want %d\n%s", r.args, n, len(denied), r.Stderr)
		}
	}
	names := 6 - len(denied)
	if !strings.Contains(plan.Stdout, fmt.Sprintf("by linking %d names", names)) || !strings.Contains(run.Stdout, fmt.Sprintf("%d names ", names)) {
		t.Errorf("want %d names\n%s%s", names, plan.Stdout, run.Stdout)
	}
	root := Oneinode(t).Run("dedupe", "-n", dir).want(t, 0)
	if !strings.Contains(root.Stdout, "by linking 5 names") {
		t.Errorf("as root\n%s%s", root.Stdout, root.Stderr)
	}
}

// TestSplitForetells: -n tells of each path what the split does, and changes nothing.
func TestSplitForetells(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := newTree(t, Ext4(t, Disk{}))
	must(t, os.Chmod(dir, 0o755))
	for name, owner := range map[string]int{"own": stranger, "closed": stranger, "theirs": 7} {
		must(t, os.Mkdir(filepath.Join(dir, name), 0o755))
		for _, base := range []string{"a", "b"} {
			path := filepath.Join(dir, name, base)
			if base == "b" {
				must(t, os.Link(filepath.Join(dir, name, "a"), path))
				continue
			}
			must(t, os.WriteFile(path, bytes.Repeat([]byte(name), 5000), 0o644))
			must(t, os.Chown(path, owner, owner))
		}
		must(t, os.Chown(filepath.Join(dir, name), stranger, stranger))
	}
	must(t, os.Chmod(filepath.Join(dir, "closed"), 0o555))
	broken := filepath.Join(dir, "own", "broken")
	must(t, os.Symlink("nowhere", broken))
	must(t, os.Symlink("a", filepath.Join(dir, "own", "link")))
	oneinode := OneinodeOf(t, stranger)
	before := Manifest(t, dir)
	oneinode.Run("split", "-n", filepath.Join(dir, "own", "link")).want(t, 0)
	for _, args := range [][]string{{"split", "-n", "-r", dir, broken}, {"split", "-r", dir, broken}} {
		checkIdentical(t, before, Manifest(t, dir)) // as -n has left it
		r := oneinode.Run(args...).want(t, 3)
		for _, want := range []string{
			"closed/a: its directory may not be written to", "theirs/a: this user may not give a copy its owner", "own/broken: the symbolic link leads to no file",
		} {
			if !strings.Contains(r.Stderr, want) {
				t.Errorf("%q: no %q\n%s", r.args, want, r.Stderr)
			}
		}
		if !strings.Contains(r.Stdout, "\n1 path w") || !strings.Contains(r.Stdout, " 0 left alone · 3 ") {
			t.Errorf("%q\n%s", r.args, r.Stdout)
		}
	}
}

// TestDryRunForetellsCapabilities: services have single rights of root, and containers lack some: what
// the kernel would let them do is not left out, and what it would not is no promise.
func TestDryRunForetellsCapabilities(t *testing.T) {
	t.Parallel()
	needRoot(t)
	needTools(t, "setpriv")
	disk := newTree(t, reflinking["xfs"](t))
	must(t, os.Chmod(disk, 0o755))
	only := func(capability string) []string {
		id := fmt.Sprint(stranger)
		return []string{"setpriv", "--reuid", id, "--regid", id, "--clear-groups", "--inh-caps", capability, "--ambient-caps", capability}
	}
	const unwritable = "b: somebody else's file, which this user may not write to"
	for i, c := range []struct {
		under      []string
		link, want string
		code       int
	}{
		{only("+dac_override"), "hard", "cannot be leased", 0},
		{only("+dac_override"), "reflink", "cannot be leased", 0},
		{only("+sys_admin"), "reflink", "cannot be leased", 0},
		{only("+fowner"), "reflink", unwritable, 3},
		{only("+fowner"), "hard", "cannot be leased", 0},
		{[]string{"setpriv", "--inh-caps", "-lease", "--bounding-set", "-lease"}, "hard", "cannot be leased", 0},
	} {
		dir := filepath.Join(disk, fmt.Sprint(i))
		must(t, os.Mkdir(dir, 0o777))
		must(t, os.Chmod(dir, 0o777))
		for _, base := range []string{"a", "b"} {
			must(t, os.WriteFile(filepath.Join(dir, base), bytes.Repeat([]byte("same"), 5000), 0o644))
			must(t, os.Chown(filepath.Join(dir, base), 7, 7))
		}
		oneinode := OneinodeOf(t, stranger)
		oneinode.As = nil
		for _, args := range [][]string{{"dedupe", "-n"}, {"dedupe"}} {
			r := oneinode.RunUnder(c.under, append(args, "--link", c.link, dir)...).want(t, c.code)
			if !strings.Contains(r.Stderr, c.want) {
				t.Errorf("%q\n%s%s", r.args, r.Stdout, r.Stderr)
			}
		}
	}
}

// TestUnlinkableKeeper: with other rules than the usual ones some files of a set may be linked to and
// others not. A dry run and its run keep one that may.
func TestUnlinkableKeeper(t *testing.T) {
	t.Parallel()
	needRoot(t)
	if guarded, _ := os.ReadFile("/proc/sys/fs/protected_hardlinks"); string(guarded) != "1\n" {
		t.Skip("anybody may link to any file here (protected_hardlinks)")
	}
	dir := newTree(t, Ext4(t, Disk{}))
	must(t, os.Chmod(dir, 0o777))
	putTheirs(t, dir, map[string]os.FileMode{"a": 0o644, "b": 0o666, "c": 0o644})
	oneinode := OneinodeOf(t, stranger)
	for _, c := range [][2]string{{"-n", "by linking 2 names"}, {"-v", "2 names ·"}} {
		if r := oneinode.Run("dedupe", c[0], "--match", "owner", dir).want(t, 0); !strings.Contains(r.Stdout, c[1]) {
			t.Errorf("%q: no %q\n%s%s", r.args, c[1], r.Stdout, r.Stderr)
		}
	}
}

// TestUndoKeepsTimes: who may write to a file, and keep others from it, but not set its times leaves it
// alone: its mtime would be that of the undo.
func TestUndoKeepsTimes(t *testing.T) {
	t.Parallel()
	needRoot(t)
	needTools(t, "setpriv")
	dir := newTree(t, reflinking["xfs"](t))
	putTheirs(t, dir, map[string]os.FileMode{"a": 0o644, "b": 0o644})
	oneinode := Oneinode(t)
	oneinode.Dedupe(0, "--link", "reflink", dir)
	before := Manifest(t, dir)
	for _, args := range [][]string{{"undo", "-n"}, {"undo"}} {
		r := oneinode.RunUnder([]string{"setpriv", "--inh-caps", "-fowner", "--bounding-set", "-fowner"}, args...).want(t, 3)
		if !strings.Contains(r.Stderr, "b: somebody else's file, whose times this user may not put back") {
			t.Errorf("%q\n%s%s", r.args, r.Stdout, r.Stderr)
		}
		checkIdentical(t, before, Manifest(t, dir))
	}
}
