package scan

import (
	"io/fs"
	"unsafe"

	"golang.org/x/sys/unix"
)

// statxAll asks for everything in a Stat. statxWalk leaves out what a walk does
// not read, which spares network filesystems a question to their server.
const (
	statxAll  = unix.STATX_BASIC_STATS | unix.STATX_MNT_ID
	statxWalk = unix.STATX_TYPE | unix.STATX_NLINK | unix.STATX_INO | unix.STATX_SIZE |
		unix.STATX_BLOCKS | unix.STATX_MNT_ID | unix.STATX_MTIME | unix.STATX_CTIME
	// statFlags: a link is described, not followed, and a look does not mount.
	statFlags = unix.AT_SYMLINK_NOFOLLOW | unix.AT_NO_AUTOMOUNT
	// nowFlags ask FUSE and network filesystems for what is, where the kernel would
	// tell what it was told up to a second ago. Others do not mind.
	nowFlags = statFlags | unix.AT_STATX_FORCE_SYNC
)

// FStat describes an open file. The error is the bare errno.
func FStat(fd int) (Stat, error) { return fstat(fd, statFlags) }

// FStatNow is FStat without attributes that the kernel has kept: libfuse makes an
// inode of each name of a file, and those of the others are not told of a change.
func FStatNow(fd int) (Stat, error) { return fstat(fd, nowFlags) }

func fstat(fd, flags int) (Stat, error) {
	var raw unix.Statx_t
	var st Stat
	var empty byte
	err := statx(fd, &empty, flags|unix.AT_EMPTY_PATH, statxAll, &raw, &st)
	return st, err
}

// StatAt describes a directory entry, never following a symbolic link and never
// opening it. The error is an *fs.PathError with base alone as its path.
func StatAt(dirfd int, base string) (Stat, error) { return statAt(dirfd, base, statFlags) }

// StatAtNow is StatAt as FStatNow is FStat.
func StatAtNow(dirfd int, base string) (Stat, error) { return statAt(dirfd, base, nowFlags) }

func statAt(dirfd int, base string, flags int) (Stat, error) {
	var small [260]byte
	name := append(append(small[:0], base...), 0)
	var raw unix.Statx_t
	var st Stat
	if err := statx(dirfd, &name[0], flags, statxAll, &raw, &st); err != nil {
		return st, &fs.PathError{Op: "stat", Path: base, Err: err}
	}
	return st, nil
}

// statx is statx(2) into st, through raw. name ends in NUL. It goes through the
// scheduler (Syscall, not RawSyscall): a network mount that hangs must hold one
// thread, not the program.
func statx(dirfd int, name *byte, flags, mask int, raw *unix.Statx_t, st *Stat) error {
	for {
		_, _, errno := unix.Syscall6(unix.SYS_STATX, uintptr(dirfd), uintptr(unsafe.Pointer(name)),
			uintptr(flags), uintptr(mask), uintptr(unsafe.Pointer(raw)), 0)
		switch errno {
		case 0:
			fromStatx(raw, st)
			return nil
		case unix.EINTR:
			continue
		case unix.ENOSYS, unix.EPERM:
			// Kernels before 4.11 lack statx, and old container filters forbid it with
			// EPERM, which the call itself never says.
			return oldStat(dirfd, name, flags, st)
		}
		return errno
	}
}

func fromStatx(raw *unix.Statx_t, st *Stat) {
	*st = Stat{
		ID:        ID{unix.Mkdev(raw.Dev_major, raw.Dev_minor), raw.Ino},
		Size:      int64(raw.Size),
		Allocated: int64(raw.Blocks) * 512,
		Mode:      uint32(raw.Mode),
		UID:       raw.Uid,
		GID:       raw.Gid,
		Links:     raw.Nlink,
		Atime:     nanoseconds(raw.Atime.Sec, int64(raw.Atime.Nsec)),
		Mtime:     nanoseconds(raw.Mtime.Sec, int64(raw.Mtime.Nsec)),
		Ctime:     nanoseconds(raw.Ctime.Sec, int64(raw.Ctime.Nsec)),
		Immutable: raw.Attributes&unix.STATX_ATTR_IMMUTABLE != 0,
		Append:    raw.Attributes&unix.STATX_ATTR_APPEND != 0,
		Verity:    raw.Attributes&unix.STATX_ATTR_VERITY != 0,
		Encrypted: raw.Attributes&unix.STATX_ATTR_ENCRYPTED != 0,
	}
	if raw.Mask&unix.STATX_MNT_ID != 0 {
		st.Mount = raw.Mnt_id
	}
}

// oldStat is fstatat(2), which knows no mounts.
func oldStat(dirfd int, name *byte, flags int, st *Stat) error {
	var raw unix.Stat_t
	var err error
	if *name == 0 {
		err = unix.Fstat(dirfd, &raw)
	} else {
		err = unix.Fstatat(dirfd, unix.BytePtrToString(name), &raw, flags&^unix.AT_STATX_FORCE_SYNC)
	}
	if err == nil {
		fromStat(&raw, st)
	}
	return err
}

// readLink returns what a symbolic link says, "" for what is none, and who owns it: that very
// link, whatever takes its place meanwhile.
func readLink(path string) (to string, uid int, err error) {
	fd, err := openAt(unix.AT_FDCWD, path, lookFlags|unix.O_NOFOLLOW)
	if err != nil {
		return "", 0, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	st, err := FStat(fd)
	if err != nil || !st.IsSymlink() {
		return "", 0, err
	}
	buf := make([]byte, pathMax)
	n, err := unix.Readlinkat(fd, "", buf)
	return string(buf[:max(n, 0)]), int(st.UID), err
}
