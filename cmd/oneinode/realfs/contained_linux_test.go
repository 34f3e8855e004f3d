package realfs_test

import (
	"cmp"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// rootless runs what follows as root of a user namespace that knows no other id than
// root's, with an empty directory in the place of hidden.
func rootless(t testing.TB, hidden string) []string {
	needRoot(t)
	needTools(t, "unshare", "mount")
	script := `exec "$@"`
	if hidden != "" {
		script = "mount -t tmpfs none " + hidden + " && " + script
	}
	before := []string{"unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"}
	if r := Oneinode(t).RunUnder(before, "runs"); r.Code != 0 {
		missing(t, "no user namespaces here: %s", r.Stderr)
	}
	return before
}

// TestUnmapped: owners and groups that a user namespace does not know are not one,
// whether or not /proc is there to tell of the namespace.
func TestUnmapped(t *testing.T) {
	t.Parallel()
	for _, hidden := range []string{"", "/proc"} {
		before := rootless(t, hidden)
		dir := tempDir(t)
		copies(t, dir, 2, 5000)
		for i, name := range []string{"copy-00000", "copy-00001"} {
			must(t, os.Chown(filepath.Join(dir, name), 0, 1000+i))
		}
		want := Manifest(t, dir)
		Oneinode(t).RunUnder(before, "dedupe", dir).want(t, 0)
		CheckSame(t, want, Manifest(t, dir))
	}
}

// TestUnmappedACL: ACLs for users and groups that a user namespace does not know all look the same
// there, and are not. Nor could an undo give them back.
func TestUnmappedACL(t *testing.T) {
	t.Parallel()
	before := rootless(t, "")
	for tag, name := range map[uint16]string{0x02: "user", 0x08: "group"} {
		t.Run(name, func(t *testing.T) {
			dir := tempDir(t)
			copies(t, dir, 2, 5000)
			for i, name := range []string{"copy-00000", "copy-00001"} {
				must(t, unix.Setxattr(filepath.Join(dir, name), "system.posix_acl_access", aclFor(tag, uint32(1000+i)), 0))
			}
			want := Manifest(t, dir)
			r := Oneinode(t).RunUnder(before, "dedupe", "-v", dir)
			if r.Code != 0 || !strings.Contains(r.Stdout, "differs in xattr") {
				t.Errorf("exit code %d\n%s%s", r.Code, r.Stdout, r.trouble())
			}
			r = Oneinode(t).RunUnder(before, "dedupe", "--match", "none", dir)
			if r.Code != 3 || !strings.Contains(r.Stderr, "not known in this user namespace") {
				t.Errorf("without rules: exit code %d: %s", r.Code, r.trouble())
			}
			CheckSame(t, want, Manifest(t, dir))
		})
	}
}

// TestUnmappedACLShared: whoever ACLs are for, they stay with the files when these share blocks, and when
// they do not any more.
func TestUnmappedACLShared(t *testing.T) {
	t.Parallel()
	before := rootless(t, "")
	dir := filepath.Join(Btrfs(t, Disk{}), "files")
	must(t, os.Mkdir(dir, 0o755))
	copies(t, dir, 2, 50_000)
	for i, name := range []string{"copy-00000", "copy-00001"} {
		must(t, unix.Setxattr(filepath.Join(dir, name), "system.posix_acl_access", aclFor(0x02, uint32(1000+i)), 0))
	}
	want, oneinode := Manifest(t, dir), Oneinode(t)
	if r := oneinode.RunUnder(before, "dedupe", "--link", "reflink", dir); r.Code != 0 || !strings.Contains(r.Stdout, "1 file") {
		t.Errorf("exit code %d\n%s%s", r.Code, r.Stdout, r.trouble())
	}
	oneinode.RunUnder(before, "undo", "-q").want(t, 0)
	CheckSame(t, want, Manifest(t, dir))
}

// aclFor is an ACL that lets one user or group more read and write, as the kernel takes it.
func aclFor(tag uint16, id uint32) []byte {
	const owner, group, mask, other, nobody = 0x01, 0x04, 0x10, 0x20, 0xffffffff
	acl := binary.LittleEndian.AppendUint32(nil, 2) // the version
	type entry struct {
		tag, rights uint16
		id          uint32
	}
	entries := []entry{{owner, 6, nobody}, {group, 4, nobody}, {mask, 6, nobody}, {other, 4, nobody}, {tag, 6, id}}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.tag, b.tag) })
	for _, e := range entries {
		acl = binary.LittleEndian.AppendUint16(acl, e.tag)
		acl = binary.LittleEndian.AppendUint16(acl, e.rights)
		acl = binary.LittleEndian.AppendUint32(acl, e.id)
	}
	return acl
}

// TestNamelessMount: without /proc a filesystem has no name that a note could tell.
func TestNamelessMount(t *testing.T) {
	t.Parallel()
	before := rootless(t, "/proc")
	dir := newTree(t, Ext4(t, Disk{})) // which shares its number with ext2 and ext3
	copies(t, dir, 2, 5000)
	for _, name := range []string{"copy-00000", "copy-00001"} { // whom the namespace cannot lease
		must(t, os.Chown(filepath.Join(dir, name), 1000, 1000))
	}
	r := Oneinode(t).RunUnder(before, "dedupe", "--match", "none", dir)
	if !strings.Contains(r.Stderr, "a filesystem (unknown type): files of other owners cannot be leased") {
		t.Error(r.trouble())
	}
}

// TestOthersUndo: whoever may replace files of others, but not give them any, is told so before an
// undo cannot.
func TestOthersUndo(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := tempDir(t)
	must(t, os.Chmod(dir, 0o777))
	copies(t, dir, 2, 5000)
	for _, name := range []string{"copy-00000", "copy-00001"} {
		must(t, errors.Join(os.Chown(filepath.Join(dir, name), 1, 1), os.Chmod(filepath.Join(dir, name), 0o666)))
	}
	oneinode := OneinodeOf(t, stranger)
	if r := oneinode.Run("dedupe", dir); r.Code != 0 || !strings.Contains(r.Stderr, "only root can give such a file back its owner") {
		t.Errorf("exit code %d: %s%s", r.Code, r.Stdout, r.trouble())
	}
	if r := oneinode.Run("undo").want(t, 3); !strings.Contains(r.Stderr, "CAP_CHOWN") {
		t.Error(r.trouble())
	}
}

// TestOthersLease: without the right to lease files of others (Docker gives none) it is these that
// the note is about, and a run over one's own says nothing.
func TestOthersLease(t *testing.T) {
	t.Parallel()
	needRoot(t)
	needTools(t, "setpriv")
	without := []string{"setpriv", "--inh-caps", "-lease", "--bounding-set", "-lease"}
	for owner, want := range map[int]string{0: "", 1000: ": files of other owners cannot be leased"} {
		dir := tempDir(t)
		copies(t, dir, 2, 5000)
		for _, name := range []string{"copy-00000", "copy-00001"} {
			must(t, os.Chown(filepath.Join(dir, name), owner, owner))
		}
		r := Oneinode(t).RunUnder(without, "dedupe", dir)
		if told := strings.Contains(r.Stderr, "leased"); r.Code != 0 || told != (want != "") || !strings.Contains(r.Stderr, want) {
			t.Errorf("owner %d: want %q: exit code %d: %s", owner, want, r.Code, r.trouble())
		}
	}
}
