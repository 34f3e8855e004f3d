package scan

import (
	"slices"
	"sync/atomic"
)

// batch is some entries of a large directory. They are dealt with by a walker that has nothing
// else to do, or in the end by the one that reads the directory: alone it would wait for the
// disk once for each inode.
type batch struct {
	at    place
	list  lister
	taken atomic.Bool
	over  chan struct{} // closed when all entries are dealt with
	kids  []task        // what came of them, after that
}

// handOver gives the entries in the buffer to a walker that waits for work, false if none does.
func (w *walker) handOver() bool {
	b := &batch{at: w.at, list: w.lister, over: make(chan struct{})}
	b.at.stands = slices.Clone(w.at.stands)
	if !w.queue.offer(task{batch: b}) {
		return false
	}
	w.batches = append(w.batches, b)
	w.lister.renew(w.spare())
	return true
}

// deal goes through the entries of a batch, if nobody has taken it. The walker that reads the
// directory opens those in it, since it has the descriptor.
func (w *walker) deal(b *batch) {
	if !b.taken.CompareAndSwap(false, true) {
		return
	}
	own, kids := w.lister, len(w.kids)
	w.at, w.lister = b.at, b.list
	w.startPath()
	w.entries()
	b.kids = slices.Clone(w.kids[kids:])
	w.lister, w.kids = own, w.kids[:kids]
	close(b.over)
}

// takeBack deals with the batches that nobody has taken, and waits for the others.
func (w *walker) takeBack() {
	for _, b := range w.batches {
		w.deal(b)
	}
	for _, b := range w.batches {
		<-b.over
		w.kids = append(w.kids, b.kids...)
	}
	clear(w.batches)
	w.batches = w.batches[:0]
}

// spare forgets a batch that is over and takes what came of it. It returns its lister: the
// buffer may be used again.
func (w *walker) spare() lister {
	for i, b := range w.batches {
		select {
		case <-b.over:
			w.kids = append(w.kids, b.kids...)
			w.batches = slices.Delete(w.batches, i, i+1)
			return b.list
		default:
		}
	}
	return lister{}
}
