package ring

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// params is struct io_uring_params (linux/io_uring.h), 120 bytes.
type params struct {
	sqEntries, cqEntries, flags, threadCPU, threadIdle, features, wqFD uint32
	_                                                                  [3]uint32
	sq                                                                 sqOffsets
	cq                                                                 cqOffsets
}

type sqOffsets struct {
	head, tail, mask, entries, flags, dropped, array, _ uint32
	_                                                   uint64
}

type cqOffsets struct {
	head, tail, mask, entries, overflow, cqes, flags, _ uint32
	_                                                   uint64
}

// sqe is struct io_uring_sqe, cqe is struct io_uring_cqe.
type sqe struct {
	opcode, flags uint8
	priority      uint16
	fd            int32
	off           uint64
	addr          uint64
	len           uint32
	rwFlags       uint32
	userData      uint64
	_             [3]uint64
}

type cqe struct {
	userData uint64
	res      int32
	flags    uint32
}

const (
	opRead         = 22 // IORING_OP_READ, Linux 5.6
	enterGetEvents = 1  // IORING_ENTER_GETEVENTS
	featSingleMap  = 1  // IORING_FEAT_SINGLE_MMAP, Linux 5.4
	offSQEs        = 0x10000000
)

// Ring is one queue of reads. It is for one goroutine at a time.
type Ring struct {
	fd      int
	rings   []byte // both queues
	entries []byte // of the submission queue
	sqes    []sqe
	cqes    []cqe
	sqTail  *uint32
	cqHead  *uint32
	cqTail  *uint32
}

// New makes a ring for that many reads at a time, a power of two. An error says
// that there are none to be had: an old kernel, a container that forbids them
// (io_uring_setup(2)).
func New(size int) (*Ring, error) {
	var p params
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, uintptr(size), uintptr(unsafe.Pointer(&p)), 0)
	if errno != 0 {
		return nil, os.NewSyscallError("io_uring_setup", errno)
	}
	r := &Ring{fd: int(fd)}
	if err := r.mapQueues(&p); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Available reports whether New may succeed.
func Available() bool {
	r, err := New(1)
	if err == nil {
		r.Close()
	}
	return err == nil
}

func (r *Ring) mapQueues(p *params) (err error) {
	if p.features&featSingleMap == 0 {
		return unix.ENOSYS
	}
	const access, kind = unix.PROT_READ | unix.PROT_WRITE, unix.MAP_SHARED | unix.MAP_POPULATE
	size := max(p.sq.array+p.sqEntries*4, p.cq.cqes+p.cqEntries*uint32(unsafe.Sizeof(cqe{})))
	if r.rings, err = unix.Mmap(r.fd, 0, int(size), access, kind); err != nil {
		return os.NewSyscallError("mmap", err)
	}
	if r.entries, err = unix.Mmap(r.fd, offSQEs, int(p.sqEntries)*int(unsafe.Sizeof(sqe{})), access, kind); err != nil {
		return os.NewSyscallError("mmap", err)
	}
	r.sqes = unsafe.Slice((*sqe)(unsafe.Pointer(&r.entries[0])), p.sqEntries)
	r.cqes = unsafe.Slice((*cqe)(unsafe.Pointer(&r.rings[p.cq.cqes])), p.cqEntries)
	r.sqTail, r.cqHead, r.cqTail = r.word(p.sq.tail), r.word(p.cq.head), r.word(p.cq.tail)
	// Entries are always taken in order.
	for i := range p.sqEntries {
		*r.word(p.sq.array + 4*i) = i
	}
	return nil
}

func (r *Ring) word(at uint32) *uint32 { return (*uint32)(unsafe.Pointer(&r.rings[at])) }

// Close gives the ring back. Nothing may be under way, and Read fails from then on.
func (r *Ring) Close() {
	if r.entries != nil {
		_ = unix.Munmap(r.entries)
	}
	if r.rings != nil {
		_ = unix.Munmap(r.rings)
	}
	_ = unix.Close(r.fd)
	*r = Ring{fd: -1}
}

// Read carries out all reads and fills in N and Err of each, as pread(2) would
// have: N may be less than was asked for. After an error of its own nothing is
// known of any read, and the buffers must not be used again.
func (r *Ring) Read(reads []Read) error {
	if len(r.sqes) == 0 {
		return os.ErrClosed
	}
	defer runtime.KeepAlive(reads)
	for len(reads) > 0 {
		n := min(len(reads), len(r.sqes))
		if err := r.batch(reads[:n]); err != nil {
			return err
		}
		reads = reads[n:]
	}
	return nil
}

func (r *Ring) batch(reads []Read) error {
	r.queue(reads)
	if err := r.carryOut(reads, r.enter); err != nil {
		keep(reads)
		return os.NewSyscallError("io_uring_enter", err)
	}
	return nil
}

// queue puts reads where the kernel finds them.
func (r *Ring) queue(reads []Read) {
	tail := *r.sqTail // only we write it
	for i := range reads {
		q := &reads[i]
		r.sqes[(tail+uint32(i))%uint32(len(r.sqes))] = sqe{
			opcode: opRead, fd: int32(q.FD), off: uint64(q.Off), userData: uint64(i),
			addr: uint64(uintptr(unsafe.Pointer(unsafe.SliceData(q.Buf)))), len: uint32(len(q.Buf)),
		}
	}
	atomic.StoreUint32(r.sqTail, tail+uint32(len(reads)))
}

// enter is io_uring_enter(2): it submits so many reads, waits until so many are done,
// and returns how many it has submitted.
func (r *Ring) enter(submit, wait int) (int, error) {
	n, _, errno := unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(submit), uintptr(wait), enterGetEvents, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// A kernel without memory for a read says EAGAIN or EBUSY, at once and for as long as it
// has none. It is asked again for a second, as long as nothing moves.
const (
	mostRefusals = 1000
	refusalPause = time.Millisecond
)

// carryOut enters the ring until all reads are done.
func (r *Ring) carryOut(reads []Read, enter func(submit, wait int) (int, error)) error {
	submit, left, refusals := len(reads), len(reads), 0
	for left > 0 {
		n, err := enter(submit, left)
		done := r.collect(reads)
		submit, left = submit-n, left-done
		switch {
		case done > 0 || n > 0:
			refusals = 0
		case err == unix.EAGAIN || err == unix.EBUSY:
			if refusals++; refusals > mostRefusals {
				return err
			}
			time.Sleep(refusalPause)
		case err != nil && err != unix.EINTR:
			return err
		}
	}
	return nil
}

// collect takes what is done and returns how much that is.
func (r *Ring) collect(reads []Read) int {
	head, tail := *r.cqHead, atomic.LoadUint32(r.cqTail)
	done := int(tail - head)
	for ; head != tail; head++ {
		c := r.cqes[head%uint32(len(r.cqes))]
		q := &reads[c.userData]
		q.N, q.Err = max(0, int(c.res)), nil
		if c.res < 0 {
			q.Err = unix.Errno(-c.res)
		}
	}
	atomic.StoreUint32(r.cqHead, head)
	return done
}

// kept are buffers that the kernel may still write to.
var (
	keptMu sync.Mutex
	kept   [][]Read
)

func keep(reads []Read) {
	keptMu.Lock()
	defer keptMu.Unlock()
	kept = append(kept, append([]Read(nil), reads...))
}
