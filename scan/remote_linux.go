package scan

import "golang.org/x/sys/unix"

// remoteTypes are the filesystems whose files other machines may have open
// (statfs(2), linux/magic.h). A lease there is the server's to give: it may be
// refused for any file, so a refusal says nothing of a writer, and a lease
// nothing of other machines.
var remoteTypes = map[int64]bool{
	unix.NFS_SUPER_MAGIC: true, unix.CIFS_SUPER_MAGIC: true, unix.SMB2_SUPER_MAGIC: true, unix.SMB_SUPER_MAGIC: true,
	unix.CEPH_SUPER_MAGIC: true, unix.AFS_SUPER_MAGIC: true, unix.AFS_FS_MAGIC: true, unix.CODA_SUPER_MAGIC: true,
	unix.V9FS_MAGIC: true, unix.OCFS2_SUPER_MAGIC: true,
	0x01161970: true, // GFS2
	0x0BD00BD0: true, // Lustre
}

func isRemote(magic int64) bool { return remoteTypes[magic] }

// countsNoLinks reports whether st_nlink may be 1 for files with more links: SMB tells it
// only of files that are opened, not in the listing of a directory, which the client keeps.
func countsNoLinks(magic int64) bool {
	return magic == unix.CIFS_SUPER_MAGIC || magic == unix.SMB2_SUPER_MAGIC || magic == unix.SMB_SUPER_MAGIC
}

// Remote reports whether an open file lies on a filesystem that other machines
// may write to at the same time.
func Remote(fd int) bool {
	magic, _ := fsIdentity(fd)
	return isRemote(magic)
}

// OnFUSE reports whether an open file lies on a filesystem that a program makes.
func OnFUSE(fd int) bool {
	magic, _ := fsIdentity(fd)
	return magic == unix.FUSE_SUPER_MAGIC
}

// OnOverlay reports whether an open file lies on overlayfs, which shows files of others.
func OnOverlay(fd int) bool {
	magic, _ := fsIdentity(fd)
	return magic == unix.OVERLAYFS_SUPER_MAGIC
}

// Hosted reports whether an open file lies on a filesystem that shows a directory of the host,
// by its mount: statfs(2) does not tell. It reads the list of mounts each time.
func Hosted(fd int) bool {
	st, err := FStat(fd)
	return err == nil && isHosted(mountType(fd, st.Mount))
}

// mountType looks the type of a mount up, told or not by statx(2).
func mountType(fd int, told uint64) string { return readMounts()[mountOf(fd, told)].kind }
