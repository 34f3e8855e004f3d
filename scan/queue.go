package scan

import (
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// task is a directory that waits to be read, or a part of one.
type task struct {
	batch  *batch // nil: the whole
	dir    Dir
	depth  int32   // of the directory below its root; a root has 0
	parent *handle // nil: open it beneath the root
}

// handle is the open parent of waiting directories: opening them relative to it
// keeps a deep tree from being looked up from the top at every level.
type handle struct {
	fd   int
	refs atomic.Int32
	open *atomic.Int32 // how many handles are
}

// maxHandles bounds the descriptors that waiting directories hold.
const maxHandles = 256

// newHandle takes fd over, or returns nil if there are so many of them as there may be.
func newHandle(fd, refs int, open *atomic.Int32, most int32) *handle {
	if open.Add(1) > most {
		open.Add(-1)
		return nil
	}
	h := &handle{fd: fd, open: open}
	h.refs.Store(int32(refs))
	return h
}

// drop ends one use; the last one closes.
func (h *handle) drop() {
	if h != nil && h.refs.Add(-1) == 0 {
		unix.Close(h.fd)
		h.open.Add(-1)
	}
}

// queue hands out the directory that came last: the tree is walked roughly
// depth first, so that few directories wait.
type queue struct {
	mu     sync.Mutex
	change sync.Cond
	tasks  []task
	busy   int // tasks handed out and not done
	idle   int // how many wait for a task
	closed bool
}

func newQueue() *queue {
	q := &queue{}
	q.change.L = &q.mu
	return q
}

func (q *queue) push(tasks ...task) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.tasks = append(q.tasks, tasks...)
	q.change.Broadcast()
}

// offer adds a task if somebody waits for one.
func (q *queue) offer(t task) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.idle <= len(q.tasks) {
		return false
	}
	q.tasks = append(q.tasks, t)
	q.change.Signal()
	return true
}

// pop waits for a task; false when all are done or the queue is closed.
func (q *queue) pop() (task, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.tasks) == 0 && q.busy > 0 && !q.closed {
		q.idle++
		q.change.Wait()
		q.idle--
	}
	if len(q.tasks) == 0 || q.closed {
		return task{}, false
	}
	last := len(q.tasks) - 1
	t := q.tasks[last]
	q.tasks[last] = task{}
	q.tasks = q.tasks[:last]
	q.busy++
	return t, true
}

// done says that a task handed out is done, and adds what came of it.
func (q *queue) done(kids []task) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy--
	q.tasks = append(q.tasks, kids...)
	if len(kids) > 1 || q.busy == 0 {
		q.change.Broadcast()
	} else if len(kids) == 1 {
		q.change.Signal()
	}
}

// close stops the walk: nobody gets another task.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.change.Broadcast()
}

// drain releases what the tasks left over hold.
func (q *queue) drain() {
	for _, t := range q.tasks {
		t.parent.drop()
	}
	q.tasks = nil
}
