package journal

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/oneinode/oneinode/dedupe/lock"
)

const (
	runsDir = "runs"
	suffix  = ".journal"
	// flushAt bounds what a writer holds in memory, in bytes: what it holds is
	// lost to the list of runs when the process is killed, some fifty outcomes.
	flushAt = 4 << 10
)

// Writer appends records to one journal. It may be used by many goroutines.
type Writer struct {
	mu   sync.Mutex
	file *os.File
	buf  []byte
	err  error // the first failure; nothing is written after it

	disk     sync.Mutex // held while what was written goes to the disk
	dataSync func(*os.File) error
}

func newWriter(file *os.File) *Writer { return &Writer{file: file, dataSync: dataSync} }

// Create makes the journal of a new run under the state directory, locks it,
// and has its first record and its name on disk before it returns.
func Create(stateDir string, begin Begin) (*Writer, error) {
	dir := filepath.Join(stateDir, runsDir)
	if err := lock.MakeDir(dir); err != nil {
		return nil, fmt.Errorf("cannot keep a journal: %w", err)
	}
	begin.Order = behindAll(dir, begin.Started)
	f, err := os.OpenFile(filepath.Join(dir, begin.Run+suffix), os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot keep a journal: %w", err)
	}
	w := newWriter(f)
	if err := w.start(dir, begin); err != nil {
		f.Close()
		os.Remove(f.Name())
		return nil, fmt.Errorf("cannot keep a journal: %w", err)
	}
	return w, nil
}

// behindAll is the order of a run that starts now: zero, unless the clock says that others
// have yet to begin.
func behindAll(dir string, now time.Time) time.Time {
	paths, _ := journalsIn(dir) // what cannot be listed is told when the journal is made
	if len(paths) == 0 || now.After(orderOf(paths[len(paths)-1])) {
		return time.Time{}
	}
	var last time.Time
	for _, p := range paths {
		if o := orderOf(p); o.After(last) {
			last = o
		}
	}
	return last.Add(time.Nanosecond)
}

func (w *Writer) start(dir string, begin Begin) error {
	if free, err := lock.Try(w.file); err != nil || !free {
		return cmp.Or(err, errors.New("another process has locked it"))
	}
	w.Append(Record{Begin: &begin})
	if err := w.Sync(); err != nil {
		return err
	}
	return syncDir(dir)
}

// Append adds records in order and side by side: nobody else's come between
// them. A Set and what belongs to it go into one call, or the caller keeps other Sets out. It
// does not wait for the disk: Sync does. An error is remembered and comes back from Sync.
func (w *Writer) Append(records ...Record) {
	room := rooms.Get().(*[]byte)
	defer rooms.Put(room)
	lines, err := (*room)[:0], error(nil)
	for i := range records {
		if lines, err = appendLine(lines, &records[i]); err != nil {
			break
		}
	}
	*room = lines
	w.add(lines, err)
}

// rooms hold records in the making: others need not wait for that.
var rooms = sync.Pool{New: func() any { return new([]byte) }}

// add takes over lines that are whole, and what went wrong after them.
func (w *Writer) add(lines []byte, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return
	}
	w.buf, w.err = append(w.buf, lines...), err
	if len(w.buf) >= flushAt {
		w.flush()
	}
}

// flush hands the buffer to the kernel. The caller holds mu.
func (w *Writer) flush() {
	if w.err == nil && len(w.buf) > 0 {
		_, w.err = w.file.Write(w.buf)
	}
	w.buf = w.buf[:0]
}

// Sync returns when every record appended so far is on disk, or says why it is
// not; then none of the changes that they announce may be made. One after the other: the
// kernel tells of a failed write once, and of two who wait for it only one would hear.
func (w *Writer) Sync() error {
	w.disk.Lock()
	defer w.disk.Unlock()
	w.mu.Lock()
	w.flush()
	err := w.err
	w.mu.Unlock()
	if err != nil {
		return err
	}
	err = w.dataSync(w.file)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
	return w.err
}

// Close flushes, syncs, and gives up the lock.
func (w *Writer) Close() error {
	err := w.Sync()
	return cmp.Or(err, w.file.Close())
}

// syncDir has the directory's entries on disk.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
