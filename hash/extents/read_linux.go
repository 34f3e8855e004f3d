package extents

import (
	"math"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// fsIocFiemap is FS_IOC_FIEMAP, _IOWR('f', 11, struct fiemap).
	fsIocFiemap = 0xc020660b
	// fiemapSync is FIEMAP_FLAG_SYNC.
	fiemapSync = 0x1
	// batch is how many extents one call returns: 4 KiB of them. Most files lie
	// in one or two.
	batch = 72
)

// fiemapExtent and fiemap are the structs of linux/fiemap.h.
type fiemapExtent struct {
	logical, physical, length uint64
	_                         [2]uint64
	flags                     uint32
	_                         [3]uint32
}

type fiemap struct {
	start, length uint64
	flags         uint32
	mapped        uint32
	count         uint32
	_             uint32
	extents       [batch]fiemapExtent
}

var requests = sync.Pool{New: func() any { return new(fiemap) }}

// Read appends the extents of an open file to buf, in the order of the file
// (FS_IOC_FIEMAP). Data that is not flushed may be missing: btrfs and xfs then show
// the old, shared place of a block that will get a new one. Errors: ErrUnknown,
// ErrTooMany, those of ioctl(2). Safe for concurrent use; it allocates nothing when
// buf has room.
func Read(fd int, flush Flush, buf []Extent) ([]Extent, error) {
	return read(fd, flush, buf, maxExtents)
}

// ReadAll is Read for a file in any number of pieces.
func ReadAll(fd int, flush Flush, buf []Extent) ([]Extent, error) {
	return read(fd, flush, buf, math.MaxInt)
}

func read(fd int, flush Flush, buf []Extent, limit int) ([]Extent, error) {
	req := requests.Get().(*fiemap)
	defer requests.Put(req)
	*req = fiemap{count: batch}
	if flush {
		req.flags = fiemapSync
	}
	from := len(buf)
	for {
		req.length = 1<<63 - 1 - req.start
		if err := req.call(fd); err != nil {
			return buf[:from], err
		}
		for _, e := range req.extents[:req.mapped] {
			buf = append(buf, Extent{int64(e.logical), int64(e.physical), int64(e.length), Flags(e.flags)})
			req.start = e.logical + e.length
		}
		if req.mapped == 0 || buf[len(buf)-1].Flags&Last != 0 {
			return buf, nil
		}
		if len(buf)-from > limit {
			return buf[:from], ErrTooMany
		}
	}
}

func (r *fiemap) call(fd int) error {
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), fsIocFiemap, uintptr(unsafe.Pointer(r)))
		switch errno {
		case 0:
			return nil
		case unix.EINTR:
		case unix.EOPNOTSUPP, unix.ENOTTY, unix.EBADR, unix.ENOSYS:
			return ErrUnknown
		default:
			return errno
		}
	}
}
