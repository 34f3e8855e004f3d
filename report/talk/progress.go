package talk

import (
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oneinode/oneinode/dedupe"
)

// paintEvery is how often the progress line is painted: often enough to look
// alive, far too seldom to cost anything.
const paintEvery = 100 * time.Millisecond

// eraseLine goes to the first column and clears the line (ECMA-48 EL).
const eraseLine = "\r\x1b[2K"

// Phase is what is going on; each has a name and figures of its own.
type Phase int32

const (
	idle      Phase = iota
	Waiting         // for another run
	Opening         // reads the journal of a past run
	Scanning        // the walk
	Flushing        // waits for what others have written
	Hashing         // reads
	Deciding        // asks filesystems about files, and plans
	Searching       // looks for names outside the PATHs
	Linking         // replaces names
	Measuring       // looks at names for the room that their copies need
	Checking        // looks at names
	Copying         // gives names a copy of their own
)

// Progress shows on one terminal line how far a run is. Its On... methods are
// meant as callbacks of the stages: they only bump atomic counters and may be
// called from any number of goroutines. One ticker paints.
//
// A disabled Progress is silent.
type Progress struct {
	out     io.Writer
	width   func() int // columns of the terminal
	enabled bool

	directories, files, bytes       atomic.Int64 // scanning
	candidates, upperBound          atomic.Int64 // hashing: inodes, bytes
	read, decided, settled          atomic.Int64 // settled: bytes of those decided
	names, linked, notLinked, frees atomic.Int64 // linking, checking and copying

	mu      sync.Mutex // guards what follows, and out
	phase   Phase
	since   time.Time
	painted bool
	stop    chan struct{}
	stopped chan struct{}
}

// NewProgress makes a Progress that paints on out, at most width() columns
// wide, once a phase begins. Close must be called at the end.
func NewProgress(out io.Writer, width func() int, enabled bool) *Progress {
	return &Progress{out: out, width: width, enabled: enabled}
}

// OnDir counts directories that the scan has read.
func (p *Progress) OnDir() { p.directories.Add(1) }

// OnFiles counts files that the scan met, and their bytes.
func (p *Progress) OnFiles(files, bytes int64) {
	p.files.Add(files)
	p.bytes.Add(bytes)
}

// OnCandidates sets the upper bound of what is to be read.
func (p *Progress) OnCandidates(inodes, bytes int64) {
	p.candidates.Store(inodes)
	p.upperBound.Store(bytes)
}

// OnRead counts bytes read.
func (p *Progress) OnRead(bytes int64) { p.read.Add(bytes) }

// OnDone counts candidates that have been decided, and their bytes.
func (p *Progress) OnDone(inodes, bytes int64) {
	p.decided.Add(inodes)
	p.settled.Add(bytes)
}

// OnOutcome counts names that have been handled.
func (p *Progress) OnOutcome(o dedupe.Outcome) { p.handled(o.Kind, o.Freed) }

// OnCopy counts names that undo or split has handled.
func (p *Progress) OnCopy(o dedupe.UndoOutcome) { p.handled(o.Kind, o.Bytes) }

// OnChecked counts names that verify has looked at.
func (p *Progress) OnChecked(c dedupe.Checked) { p.linked.Add(c.Names) }

func (p *Progress) handled(kind dedupe.Kind, bytes int64) {
	if kind != dedupe.Linked {
		p.notLinked.Add(1)
		return
	}
	p.linked.Add(1)
	p.frees.Add(bytes)
}

// BeginNames begins a phase that goes by so many names.
func (p *Progress) BeginNames(what Phase, names int64) {
	p.names.Store(names)
	for _, count := range []*atomic.Int64{&p.linked, &p.notLinked, &p.frees} {
		count.Store(0) // an undo may have checked the same names before
	}
	p.Begin(what)
}

// Status says in one line how far the run is, whether progress is shown or not.
// It may be called at any time.
func (p *Progress) Status() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.phase == idle {
		return "between two phases"
	}
	return p.line(time.Since(p.since), 0)
}

// Pause ends the phase and clears the line.
func (p *Progress) Pause() { p.Begin(idle) }

// Begin ends the phase by another one.
func (p *Progress) Begin(next Phase) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.phase, p.since = next, time.Now()
	if next == Searching {
		p.directories.Store(0) // those of the scan
	}
	if !p.enabled {
		return
	}
	p.erase()
	if p.stop == nil {
		p.stop, p.stopped = make(chan struct{}), make(chan struct{})
		go p.tick(p.stop, p.stopped)
	}
}

// tick paints until stop is closed.
func (p *Progress) tick(stop <-chan struct{}, stopped chan<- struct{}) {
	defer close(stopped)
	ticker := time.NewTicker(paintEvery)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
			p.paint()
		}
	}
}

// Close stops the ticker and clears the line. It may be called again.
func (p *Progress) Close() {
	p.mu.Lock()
	stop, stopped := p.stop, p.stopped
	p.stop = nil
	p.mu.Unlock()
	if stop == nil {
		return
	}
	close(stop)
	<-stopped
	p.mu.Lock()
	defer p.mu.Unlock()
	p.phase = idle
	p.erase()
}

// Writer returns a writer to the same terminal for everything else: it clears
// the line first, and the next tick paints it anew below.
func (p *Progress) Writer() io.Writer { return p.Beside(p.out) }

// Beside returns a writer to another stream, that may be the same terminal.
func (p *Progress) Beside(out io.Writer) io.Writer { return &beside{p, out} }

type beside struct {
	p   *Progress
	out io.Writer
}

func (b *beside) Write(text []byte) (int, error) {
	b.p.mu.Lock()
	defer b.p.mu.Unlock()
	b.p.erase()
	return b.out.Write(text)
}

// erase clears what was painted; the caller holds the lock. That a terminal
// cannot be written to is no reason to stop the work.
func (p *Progress) erase() {
	if p.painted {
		_, _ = io.WriteString(p.out, eraseLine)
		p.painted = false
	}
}

// margin is what a line leaves free: the cursor, and the ^C of who stops the run. A
// terminal that had to break the line for that would keep the first half.
const margin = 3

func (p *Progress) paint() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.phase == idle {
		return
	}
	_, _ = io.WriteString(p.out, eraseLine+p.line(time.Since(p.since), max(1, p.width()-margin)))
	p.painted = true
}

// fraction returns how far the phase is, from 0 to 1. Files that are decided
// early leave bytes unread, so for reading the better of both figures counts; of
// files that the cache knows there is nothing to read.
func (p *Progress) fraction() float64 {
	most := p.upperBound.Load()
	switch {
	case p.phase == Hashing && most > 0:
		return share(max(p.read.Load(), p.settled.Load()), most)
	case p.phase == Hashing:
		return share(p.decided.Load(), p.candidates.Load())
	}
	return share(p.linked.Load()+p.notLinked.Load(), p.names.Load())
}
