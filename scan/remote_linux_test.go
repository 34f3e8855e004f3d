package scan

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// A local filesystem must not be taken for a remote one: an open writer would
// go unnoticed.
func TestRemoteLocal(t *testing.T) {
	for _, dir := range []string{t.TempDir(), "/dev/shm", "/"} {
		f, err := os.Open(dir)
		if err != nil {
			t.Skipf("%s: %v", dir, err)
		}
		defer f.Close()
		if Remote(int(f.Fd())) {
			t.Errorf("%s is taken for a network filesystem", dir)
		}
		if fd := int(f.Fd()); dir != "/" && (OnFUSE(fd) || OnOverlay(fd) || Hosted(fd)) {
			t.Errorf("%s is taken for another one: FUSE %v, overlay %v, hosted %v", dir, OnFUSE(fd), OnOverlay(fd), Hosted(fd))
		}
	}
	if !remoteTypes[0x6969] {
		t.Error("NFS is taken for a local filesystem")
	}
}

// TestCountsNoLinks: SMB is where st_nlink is not to be believed, by each of its names.
func TestCountsNoLinks(t *testing.T) {
	for magic, want := range map[int64]bool{
		unix.CIFS_SUPER_MAGIC: true, unix.SMB2_SUPER_MAGIC: true, unix.SMB_SUPER_MAGIC: true,
		unix.NFS_SUPER_MAGIC: false, unix.V9FS_MAGIC: false, unix.EXT4_SUPER_MAGIC: false, unix.FUSE_SUPER_MAGIC: false,
	} {
		if countsNoLinks(magic) != want {
			t.Errorf("%#x: want %v", magic, want)
		}
		if want && !isRemote(magic) {
			t.Errorf("%#x is not remote", magic)
		}
	}
}

// TestUnsureGivenFiles: so it is of files that are given as PATH.
func TestUnsureGivenFiles(t *testing.T) {
	dir := plant(t, "file f", "file g")
	s := newScanner([]Root{{Path: dir + "/f"}, {Path: dir + "/g"}}, Options{})
	st, err := StatAt(unix.AT_FDCWD, dir+"/f")
	must(t, err)
	_, err = s.domains.add(st.domain(), unix.CIFS_SUPER_MAGIC, 0, Filesystem{Dev: st.Dev})
	must(t, err)
	must(t, s.checkRoots(t.Context()))
	defer s.tree.Close()
	if met := s.walkers[0].shared; met != 2 {
		t.Errorf("%d may have other names", met)
	}
}
