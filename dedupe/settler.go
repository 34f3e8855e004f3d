package dedupe

import (
	"cmp"
	"errors"
	"fmt"
	"sync"

	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/kernel"
)

// toldAtOnce is of how many names a journal is told together: so many that flushes, which others at
// work on the filesystem may make long, are few; not so many that it takes long to look at them again
// where an undo is killed.
const toldAtOnce = 1024

// settler tells a journal, maybe on another disk, of names once they are on disk as it says:
// no undo looks at them again. Safe for concurrent use.
type settler struct {
	journal *journal.Writer

	mu      sync.Mutex
	touched map[uint64]int   // by device, a directory where names have changed since settle
	told    []journal.Record // of names that may not be on disk yet
	err     error            // of the first flush that failed
	disk    sync.Mutex       // held by settle: what one has yet to flush, the next one counts on
}

// touch notes a directory where a name has changed, before that is told.
func (s *settler) touch(dir int, device uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.touched[device]; known {
		return
	}
	own, err := kernel.Duplicate(dir)
	if err != nil {
		s.err = cmp.Or(s.err, flushNames(dir)) // at once, then
		return
	}
	if s.touched == nil {
		s.touched = map[uint64]int{}
	}
	s.touched[device] = own
}

// tell takes a record for the journal.
func (s *settler) tell(r journal.Record) {
	s.mu.Lock()
	s.told = append(s.told, r)
	full := len(s.told) >= toldAtOnce
	s.mu.Unlock()
	if full {
		s.settle()
	}
}

// settle has on disk what was touched until now, and then passes on what was told. Of names
// that cannot be flushed the journal hears nothing.
func (s *settler) settle() {
	s.disk.Lock()
	defer s.disk.Unlock()
	s.mu.Lock()
	touched, told := s.touched, s.told
	s.touched, s.told = nil, nil
	s.mu.Unlock()
	var failed error
	for _, dir := range touched {
		failed = cmp.Or(failed, flushNames(dir))
		kernel.Close(dir)
	}
	if failed == nil {
		s.journal.Append(told...)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = cmp.Or(s.err, failed)
}

// flushNames has the names of a filesystem on disk, where there is a way to.
func flushNames(dir int) error {
	err := kernel.SyncFilesystem(dir)
	if err == nil || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	path, _ := kernel.RealPath(dir)
	return fmt.Errorf("the copies on the filesystem of %q cannot be flushed to disk: %w", path, err)
}
