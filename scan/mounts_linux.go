package scan

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Magic numbers that the package for system calls does not name (linux/magic.h
// and the filesystems' own sources).
const (
	bcachefsMagic  = 0xca451a4e
	configfsMagic  = 0x62656570
	fusectlMagic   = 0x65735543
	mqueueMagic    = 0x19800202
	nfsdMagic      = 0x6e667364
	romfsMagic     = 0x7275
	rpcPipefsMagic = 0x67596969
)

// noSymFollow is ST_NOSYMFOLLOW of statfs(2), since Linux 5.10.
const noSymFollow = 0x2000

// isVirtual decides by type which filesystems are never entered: those whose
// files are not stored data but the kernel's (or a daemon's) answers. tmpfs,
// ramfs, overlay, fuse, nfs and the like hold real files. devtmpfs shares its
// magic with tmpfs and is known by name only; autofs is virtual itself, and
// what it mounts is not.
func isVirtual(magic int64, kind string) bool {
	// Some architectures sign-extend f_type, and all magics have 32 bits.
	switch magic & 0xffffffff {
	case unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC, unix.CGROUP_SUPER_MAGIC, unix.CGROUP2_SUPER_MAGIC,
		unix.DEBUGFS_MAGIC, unix.TRACEFS_MAGIC, unix.DEVPTS_SUPER_MAGIC, unix.SECURITYFS_MAGIC,
		unix.BPF_FS_MAGIC, unix.PSTOREFS_MAGIC, unix.EFIVARFS_MAGIC, unix.HUGETLBFS_MAGIC,
		unix.BINFMTFS_MAGIC, unix.AUTOFS_SUPER_MAGIC, unix.SELINUX_MAGIC, unix.SMACK_MAGIC,
		unix.NSFS_MAGIC, unix.PID_FS_MAGIC, unix.RDTGROUP_SUPER_MAGIC, unix.BINDERFS_SUPER_MAGIC,
		unix.XENFS_SUPER_MAGIC, unix.AAFS_MAGIC, unix.PIPEFS_MAGIC, unix.SOCKFS_MAGIC,
		unix.ANON_INODE_FS_MAGIC, unix.USBDEVICE_SUPER_MAGIC, unix.OPENPROM_SUPER_MAGIC,
		unix.BDEVFS_MAGIC, unix.DEVMEM_MAGIC, unix.DMA_BUF_MAGIC, unix.SECRETMEM_MAGIC,
		configfsMagic, fusectlMagic, mqueueMagic, nfsdMagic, rpcPipefsMagic:
		return true
	}
	// lxcfs shows a container its own /proc files.
	return kind == "devtmpfs" || kind == "fuse.lxcfs"
}

// typeNames are the types that something depends on: what sees all writers, what a link
// costs, what a cached digest is worth. The magic number of ext4 is that of ext2, too.
var typeNames = map[int64]string{
	unix.FUSE_SUPER_MAGIC: "fuse", unix.OVERLAYFS_SUPER_MAGIC: "overlay",
	unix.BTRFS_SUPER_MAGIC: "btrfs", unix.XFS_SUPER_MAGIC: "xfs", bcachefsMagic: "bcachefs", unix.TMPFS_MAGIC: "tmpfs",
	unix.SQUASHFS_MAGIC: "squashfs", unix.ISOFS_SUPER_MAGIC: "iso9660", unix.UDF_SUPER_MAGIC: "udf",
	unix.EROFS_SUPER_MAGIC_V1: "erofs", unix.CRAMFS_MAGIC: "cramfs", romfsMagic: "romfs",
	unix.MSDOS_SUPER_MAGIC: "vfat", unix.EXFAT_SUPER_MAGIC: "exfat",
}

// typeOf is the type of a filesystem where the list of mounts does not tell it, as
// without /proc; "" if it does not matter.
func typeOf(magic int64) string { return typeNames[magic&0xffffffff] }

// mountOf is the id of the mount that fd is open on: what statx(2) has told, or, before
// Linux 5.8, what /proc tells; 0 if that is not known.
func mountOf(fd int, told uint64) uint64 {
	if told != 0 {
		return told
	}
	text, _ := os.ReadFile("/proc/self/fdinfo/" + strconv.Itoa(fd))
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "mnt_id:"); ok {
			id, _ := strconv.ParseUint(strings.TrimSpace(value), 10, 64)
			return id
		}
	}
	return 0
}

// fsIdentity returns the type of the filesystem that fd is open on, and what
// statfs(2) tells of it; zero where that cannot be told.
func fsIdentity(fd int) (magic int64, fs Filesystem) {
	var st unix.Statfs_t
	for {
		switch unix.Fstatfs(fd, &st) {
		case nil:
			return int64(st.Type), Filesystem{
				ID:    uint64(uint32(st.Fsid.Val[1]))<<32 | uint64(uint32(st.Fsid.Val[0])),
				Block: int64(st.Bsize), ReadOnly: st.Flags&unix.ST_RDONLY != 0,
				NoFollow: st.Flags&noSymFollow != 0,
			}
		case unix.EINTR:
			continue
		}
		return 0, Filesystem{}
	}
}

// readMounts returns the mounts of this process by mount id, none without /proc.
func readMounts() map[uint64]mountInfo {
	text, _ := os.ReadFile("/proc/self/mountinfo")
	return parseMounts(string(text))
}

// parseMounts reads the form of proc_pid_mountinfo(5): id, parent, device,
// root, mount point, options, optional fields, "-", type, source.
func parseMounts(text string) map[uint64]mountInfo {
	mounts := make(map[uint64]mountInfo)
	for line := range strings.Lines(text) {
		before, after, _ := strings.Cut(line, " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if len(left) < 5 || len(right) < 1 {
			continue
		}
		if id, err := strconv.ParseUint(left[0], 10, 64); err == nil {
			parent, _ := strconv.ParseUint(left[1], 10, 64)
			mounts[id] = mountInfo{parent, unescapeMount(left[4]), unescapeMount(right[0]), sourceOf(right), upperOf(left[3], right), countsProjects(right)}
		}
	}
	return mounts
}

func sourceOf(right []string) string {
	if len(right) < 2 {
		return ""
	}
	return unescapeMount(right[1])
}

// upperOf finds the upper layer in the options of an overlayfs, and in it the
// directory that the mount shows. A relative one cannot be found again.
func upperOf(root string, right []string) string {
	if right[0] != "overlay" || len(right) < 3 {
		return ""
	}
	for option := range strings.SplitSeq(right[2], ",") {
		if dir, ok := strings.CutPrefix(option, "upperdir="); ok && strings.HasPrefix(dir, "/") {
			return path.Join(unescapeMount(dir), unescapeMount(root))
		}
	}
	return ""
}

// countsProjects reports whether project quotas are mounted: ext4, xfs and f2fs show one word.
func countsProjects(right []string) bool {
	return len(right) > 2 && slices.Contains(strings.Split(right[2], ","), "prjquota")
}

// isWriteback reports whether ext4 writes data and its journal in any order. The list of mounts
// tells that only where it is not the filesystem's own default, ext4 itself always.
func isWriteback(kind string, dev uint64) bool {
	if kind != "ext4" && kind != "ext3" {
		return false
	}
	device, _ := os.Readlink(fmt.Sprintf("/sys/dev/block/%d:%d", unix.Major(dev), unix.Minor(dev)))
	options, err := os.ReadFile("/proc/fs/ext4/" + path.Base(device) + "/options")
	return mayWriteBack(string(options), err)
}

// mayWriteBack reads what ext4 tells of itself. Where that is hidden, as by a /proc of processes
// only (ProcSubset=pid of systemd), it may be so.
func mayWriteBack(options string, err error) bool {
	return err != nil || slices.Contains(strings.Split(options, "\n"), "data=writeback")
}

// unescapeMount undoes the kernel's octal escapes for blanks and backslashes.
func unescapeMount(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				out = append(out, byte(c))
				i += 3
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}
