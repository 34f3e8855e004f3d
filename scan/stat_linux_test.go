package scan

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestOldStat: without statx all is the same but the mount, which is unknown.
func TestOldStat(t *testing.T) {
	dir := plant(t, "file f 5000", "sym f l")
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	must(t, err)
	defer unix.Close(fd)
	for _, name := range []string{"f", "l", ""} {
		want, err := StatAt(fd, name)
		if name == "" {
			want, err = FStat(fd)
		}
		must(t, err)
		var got Stat
		must(t, oldStat(fd, &append([]byte(name), 0)[0], statFlags, &got))
		if want.Mount == 0 {
			t.Error("this kernel tells no mount")
		}
		if want.Mount = 0; got != want {
			t.Errorf("%q: got %+v, want %+v", name, got, want)
		}
	}
}

// TestOldStatFails: without statx, too, an error is told.
func TestOldStatFails(t *testing.T) {
	var st Stat
	if err := oldStat(unix.AT_FDCWD, &[]byte("/none\x00")[0], statFlags, &st); err != unix.ENOENT {
		t.Error(err)
	}
}

func TestIsVirtual(t *testing.T) {
	for _, c := range []struct {
		magic int64
		kind  string
		want  bool
	}{
		{unix.PROC_SUPER_MAGIC, "proc", true}, {unix.AUTOFS_SUPER_MAGIC, "autofs", true}, {unix.BPF_FS_MAGIC, "bpf", true},
		{unix.TMPFS_MAGIC, "devtmpfs", true}, {unix.TMPFS_MAGIC, "tmpfs", false},
		{unix.EXT4_SUPER_MAGIC, "ext4", false}, {unix.OVERLAYFS_SUPER_MAGIC, "overlay", false}, {unix.FUSE_SUPER_MAGIC, "fuse.sshfs", false}, {unix.FUSE_SUPER_MAGIC, "fuse.lxcfs", true},
		{unix.NFS_SUPER_MAGIC, "nfs4", false}, {unix.RAMFS_MAGIC, "ramfs", false}, {0, "", false},
		{signed(unix.HUGETLBFS_MAGIC), "hugetlbfs", true},
	} {
		if got := isVirtual(c.magic, c.kind); got != c.want {
			t.Errorf("%#x %q: %v", c.magic, c.kind, got)
		}
	}
}

// TestSharing: by the type alone, where nothing else tells.
func TestSharing(t *testing.T) {
	for magic, want := range map[int64]bool{unix.BTRFS_SUPER_MAGIC: true, bcachefsMagic: true, signed(bcachefsMagic): true, unix.XFS_SUPER_MAGIC: false, unix.EXT4_SUPER_MAGIC: false} {
		if superblock, reflinks := sharing(-1, magic, 5); superblock != 5 || reflinks != want {
			t.Errorf("%#x: %d, %v", magic, superblock, reflinks)
		}
	}
}

// signed is how a 32-bit kernel reports a magic number with its top bit set.
func signed(magic uint32) int64 { return int64(int32(magic)) }

// TestHere: the filesystem of this test is a real one.
func TestHere(t *testing.T) {
	dir := t.TempDir()
	f, err := os.Open(dir)
	must(t, err)
	defer f.Close()
	if magic, _ := fsIdentity(int(f.Fd())); magic == 0 || isVirtual(magic, "") {
		t.Errorf("magic %#x", magic)
	}
}

// TestVerity: what fs-verity protects is known, of all that statx(2) tells.
func TestVerity(t *testing.T) {
	for _, attributes := range []uint64{0, unix.STATX_ATTR_VERITY, unix.STATX_ATTR_IMMUTABLE} {
		var st Stat
		fromStatx(&unix.Statx_t{Attributes: attributes, Attributes_mask: unix.STATX_ATTR_VERITY}, &st)
		if want := attributes == unix.STATX_ATTR_VERITY; st.Verity != want {
			t.Errorf("%#x: %+v", attributes, st)
		}
	}
}
