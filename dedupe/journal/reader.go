package journal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/oneinode/oneinode/dedupe/lock"
)

// ErrNoRun says that the state directory knows no such run, ErrSeveral that it knows
// more than one; ErrUnread that it may, but not what there is in it; ErrLive that the run is still at work, or being undone.
var (
	ErrNoRun   = errors.New("no such run")
	ErrSeveral = errors.New("runs begin so: give more of the id")
	ErrUnread  = errors.New("a journal cannot be read")
	ErrLive    = errors.New("still at work, or being taken back")
)

// Journal is a journal that exists.
type Journal struct {
	path string
	Info Info
	good int64 // where the last whole record ends, in bytes
}

// unread is a journal that cannot be read.
type unread struct {
	path string
	err  error
}

// List returns the journals of the state directory, oldest first. One that
// cannot be read is left out and joined into the error; one of a run that has not begun
// is left out.
func List(stateDir string) ([]*Journal, error) {
	out, rest, err := list(stateDir)
	errs := []error{err}
	for _, u := range rest {
		errs = append(errs, u.err)
	}
	return out, errors.Join(errs...)
}

func list(stateDir string) (out []*Journal, rest []unread, err error) {
	paths, err := journalsIn(filepath.Join(stateDir, runsDir))
	for _, p := range paths {
		switch j, err := load(p); {
		case err == nil:
			out = append(out, j)
		case !neverBegun(p):
			rest = append(rest, unread{p, err})
		}
	}
	slices.SortFunc(out, func(a, b *Journal) int { return a.Info.order().Compare(b.Info.order()) })
	return out, rest, err
}

// Find returns the run with this id or with the only id that begins so.
func Find(stateDir, id string) (*Journal, error) {
	if j := named(stateDir, id); j != nil {
		return j, nil
	}
	all, rest, err := list(stateDir)
	if err != nil {
		return nil, err
	}
	var found []*Journal
	for _, j := range all {
		if j.Info.Run == id {
			return j, nil
		}
		if strings.HasPrefix(j.Info.Run, id) {
			found = append(found, j)
		}
	}
	for _, u := range rest {
		if strings.HasPrefix(runOf(u.path), id) {
			return nil, u.err // it may be the one that is meant
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("%q: %w", id, ErrNoRun)
	case 1:
		return found[0], nil
	}
	return nil, fmt.Errorf("%q: %d %w", id, len(found), ErrSeveral)
}

// named returns the run whose whole id this is, without a look into the others. There is
// none where its journal has been given another name.
func named(stateDir, id string) *Journal {
	paths, err := journalsIn(filepath.Join(stateDir, runsDir))
	at := slices.IndexFunc(paths, func(p string) bool { return runOf(p) == id })
	if err != nil || at < 0 {
		return nil
	}
	if j, err := load(paths[at]); err == nil && j.Info.Run == id {
		return j
	}
	return nil
}

// FindLast returns the last run that stands. A journal that cannot be read and may be
// of a later run is an error, and so is a later run that some process holds: to go by the
// run before would be a surprise.
func FindLast(stateDir string) (*Journal, error) {
	all, rest, err := list(stateDir)
	var last *Journal
	for _, j := range all {
		if j.Info.Stands() || j.Info.isHeld() {
			last = j
		}
	}
	for _, u := range rest {
		if last == nil || startOf(u.path) >= startOf(last.path) {
			return nil, fmt.Errorf("%w: %w", ErrUnread, u.err)
		}
	}
	switch {
	case last == nil && err == nil:
		return nil, ErrNoRun
	case last != nil && last.Info.Live:
		return nil, fmt.Errorf("run %s is %w", last.Info.Run, ErrLive)
	}
	return last, err
}

// Later returns the runs of the same state directory that began to change files after this
// one. Those that cannot be read are left out. No more are read than are asked for.
func (j *Journal) Later() iter.Seq[*Journal] {
	return func(yield func(*Journal) bool) {
		paths, _ := journalsIn(filepath.Dir(j.path))
		for _, p := range paths {
			if !orderOf(p).After(j.Info.order()) {
				continue
			}
			if o, err := load(p); err == nil && !yield(o) {
				return
			}
		}
	}
}

// journalsIn lists the journals of a directory by name, which is by time. There are none
// where the first run has yet to make it.
func journalsIn(dir string) (paths []string, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if terr := lock.Trust(dir); terr != nil && err == nil {
		return nil, terr
	}
	for _, e := range entries {
		if isJournal(e) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, err
}

// isJournal goes by the name; to open a FIFO would wait for ever.
func isJournal(e fs.DirEntry) bool {
	return strings.HasSuffix(e.Name(), suffix) && e.Type()&(fs.ModeNamedPipe|fs.ModeSocket|fs.ModeDevice) == 0
}

// runOf is the id that a journal's name gives.
func runOf(path string) string { return strings.TrimSuffix(filepath.Base(path), suffix) }

// startOf is the part of the id that tells the second of the start, as text in order.
func startOf(path string) string {
	start, _, _ := strings.Cut(runOf(path), "-")
	return start
}

// orderOf is when a run began to change files, the zero time if its first line cannot be
// read. Its id tells when it was called: it may have waited for others since, or searched.
func orderOf(path string) time.Time {
	f, err := os.Open(path)
	if err != nil {
		return time.Time{}
	}
	defer f.Close()
	line, _ := bufio.NewReader(f).ReadBytes('\n')
	r, err := parseLine(line)
	if err != nil || r.Begin == nil {
		return time.Time{}
	}
	return r.Begin.order()
}

// neverBegun reports whether a journal is of a run that was killed before its first line
// was on disk, and so before it changed anything, or that has yet to write that.
func neverBegun(path string) bool {
	text, err := os.ReadFile(path)
	return err == nil && !bytes.ContainsRune(text, '\n')
}

// load reads a journal through once to describe it.
func load(path string) (*Journal, error) {
	j := &Journal{path: path}
	if err := j.describe(); err != nil {
		return nil, err
	}
	j.Info.Live = locked(path)
	return j, nil
}

// describe takes the whole journal into Info.
func (j *Journal) describe() error {
	j.Info = Info{}
	for r, err := range j.records(countLine) {
		if err != nil {
			return err
		}
		j.Info.count(&r)
	}
	if j.Info.Damage.First == 1 {
		return fmt.Errorf("%s: its first line is damaged: left alone", j.path)
	}
	if j.Info.Version != Version {
		return fmt.Errorf("%s: journal of version %d, not %d: left alone", j.path, j.Info.Version, Version)
	}
	return nil
}

// locked reports whether a living process holds the journal.
func locked(path string) bool {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	held, err := lock.Held(f)
	return err == nil && held
}

// readAhead is how much of a journal is read at a time, in bytes. Most are of a night that
// linked some files: with 256 KiB for each, 5,000 of them took 9 s instead of 2.
const readAhead = 32 << 10

// Records reads the journal from its start, record by record, up to its end or
// its torn tail. Damaged lines come as one record that says Lost. The error is one
// of reading the file.
func (j *Journal) Records() iter.Seq2[Record, error] { return j.records(parseLine) }

// lineReader makes a record of a line with its newline, or says that it is not whole.
type lineReader func(line []byte) (Record, error)

func (j *Journal) records(parse lineReader) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		f, err := os.Open(j.path)
		if err != nil {
			yield(Record{}, err)
			return
		}
		defer f.Close()
		j.good, j.Info.Torn, j.Info.Damage = 0, false, Damage{}
		j.read(bufio.NewReaderSize(f, readAhead), parse, yield)
	}
}

func (j *Journal) read(in *bufio.Reader, parse lineReader, yield func(Record, error) bool) {
	var at, bad, number int64 // bad: lines since the last whole one
	for {
		line, err := in.ReadBytes('\n')
		if err != nil && err != io.EOF {
			yield(Record{}, err)
			return
		}
		if len(line) == 0 {
			j.Info.Torn = bad > 0
			return
		}
		at, number = at+int64(len(line)), number+1
		r, err := parse(line)
		if err != nil {
			bad++
			continue
		}
		j.good = at
		if bad > 0 && !yield(j.lost(bad, number-bad), nil) || !yield(r, nil) {
			return
		}
		bad = 0
	}
}

// lost notes damaged lines: a whole one has come behind them, so they are no tail.
func (j *Journal) lost(lines, first int64) Record {
	if j.Info.Damage.Lines == 0 {
		j.Info.Damage.First = first
	}
	j.Info.Damage.Lines += lines
	return Record{Lost: true}
}

// Path returns where the journal is.
func (j *Journal) Path() string { return j.path }

// Reopen takes the lock of a finished run, cuts a torn tail, and appends to it:
// for undo. It fails while the run still lives. Somebody else may have done so since
// the journal was read, so it is read again under the lock.
func (j *Journal) Reopen() (*Writer, error) {
	f, err := os.OpenFile(j.path, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		return nil, err
	}
	free, err := lock.Try(f)
	if err == nil && !free {
		err = fmt.Errorf("%s: run %s is still at work", j.path, j.Info.Run)
	}
	if err == nil {
		err = j.describe()
	}
	if err == nil && j.Info.Torn {
		err = f.Truncate(j.good)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return newWriter(f), nil
}
