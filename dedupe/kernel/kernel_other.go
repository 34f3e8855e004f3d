//go:build !linux

package kernel

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
)

// Outside Linux there are no leases, no exchange of names and no links from
// descriptors: the replace is link-then-rename with looks before and after it.

// SyncFilesystem: there is no syncfs(2); files are flushed one by one instead.
func SyncFilesystem(fd int) error { return unix.ENOSYS }

func Open(dir int, base string) (fd int, err error) {
	return openat(dir, base, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
}

// ActsAsOwner reports whether we may rename and remove what others own in a sticky
// directory (sticky(7)).
func ActsAsOwner() bool { return os.Geteuid() == 0 }

// GivesAll, LeasesAll and SharesAll are for Linux; here there are no symbolic links of ours, no leases
// and no reflinks.
func GivesAll() bool  { return false }
func LeasesAll() bool { return false }
func SharesAll() bool { return false }

// HasNoData would tell of files without data.
func HasNoData(int) bool { return false }

// GuardsLinks would tell of protected_hardlinks of Linux.
func GuardsLinks() bool { return false }

// AccessToWrite is access(2) of an open file for writing; here there is no way to ask.
func AccessToWrite(fd int) error { return nil }

func TakeLease(fd int) Lease { return LeaseMissing }

func EndLease(int) {}

func LeaseUnbroken(fd int) bool { return false }

func WriterWaits(fd int) bool { return true }

// Link links by the path that leads there from a directory, and proves afterwards that it was
// the right inode.
func Link(fd, from int, path string, dir int, base string) error {
	want, err := scan.FStatNow(fd)
	if err != nil {
		return err
	}
	if err := retry(func() error { return unix.Linkat(from, path, dir, base, 0) }); err != nil {
		return err
	}
	now, err := scan.StatAtNow(dir, base)
	if err == nil && now.ID != want.ID {
		err = unix.ENOENT
	}
	if err != nil {
		Unlink(dir, base)
	}
	return err
}

func Exchange(dir int, a, b string) error { return unix.ENOSYS }

func ExchangeUnknown(err error) bool { return err == unix.ENOSYS }

// SetTimes is futimes(3), in ns cut to µs.
func SetTimes(fd int, atime, mtime int64) error {
	return unix.Futimes(fd, []unix.Timeval{micros(atime), micros(mtime)})
}

// micros cuts a time to µs. The library adds 999 ns, by which a file would be younger than it was.
func micros(t int64) unix.Timeval { return unix.NsecToTimeval(t - (t%1000+1000)%1000 - 999) }

func SetDirMtime(dir int, s *scan.Stat) error {
	if scan.IsFar(s.Atime) || scan.IsFar(s.Mtime) {
		return nil // not known
	}
	times := []unix.Timespec{unix.NsecToTimespec(s.Atime), unix.NsecToTimespec(s.Mtime)}
	return retry(func() error { return unix.UtimesNanoAt(dir, ".", times, 0) })
}

func Immutable(fd int) bool { return false }

// WithoutData is for overlayfs.
func WithoutData(path string) bool { return false }

func Locked(int, *scan.Stat) bool { return false }

// ProjectOf: no other system keeps directories apart within a filesystem.
func ProjectOf(dir int) uint32 { return 0 }

// A copy is made by reading and writing.

func OpenUnnamed(int) (int, error) { return -1, unix.ENOTSUP }

func CreateUnnamed(dir int, named string) (fd int, hasName bool, err error) {
	fd, err = openat(dir, named, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW, 0o600)
	return fd, true, err
}

func Clone(dst, src int) error { return unix.ENOSYS }

// CopyData copies size bytes; what is zero takes no room.
func CopyData(dst, src int, size int64) error {
	if err := unix.Ftruncate(dst, size); err != nil {
		return err
	}
	return pump(dst, src, 0, size, writeSparse, nil)
}

// FreeBytes is not asked for here: a copy that does not fit fails by itself.
func FreeBytes(fd int) (int64, error) { return 0, os.ErrInvalid }

func IsTmpfs(fd int) bool { return false }

// Without reflinks there is nothing to share, nor to take back.

// DedupeRange: no other system compares and shares in one step.
func DedupeRange(from, to int, at, length int64) (n int64, same bool, err error) {
	return 0, false, unix.ENOSYS
}

func WithoutCow(fd int) bool { return false }

func ReadOnlySubvolume(fd int) bool { return false }

func OpenForWriting(dir int, base string) (fd int, err error) { return -1, unix.ENOSYS }

func TakeWriteLease(fd int) Lease { return LeaseMissing }

func WriteLeaseUnbroken(fd int) bool { return false }

func UnshareRange(fd int, at, length int64) error { return unix.ENOSYS }

func Rewrite(fd int, at, length int64, mayWrite func() error) error { return unix.ENOSYS }

// Outside Linux a symbolic link cannot be held by a descriptor, nor can the real
// path of one be asked for: none are made.

const MakesSymlinks = false

func Symlink(string, int, string) error { return unix.ENOTSUP }

func OpenSymlink(int, string) (int, error) { return -1, unix.ENOTSUP }

func LookThrough(int, string) (int, error) { return -1, unix.ENOTSUP }

func OpenAgain(int) (int, error) { return -1, unix.ENOTSUP }

func DressSymlink(int, *scan.Stat) error { return unix.ENOTSUP }

func RealPath(int) (string, error) { return "", unix.ENOTSUP }
