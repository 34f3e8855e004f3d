package lock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/scan"
)

const (
	locksDir = "locks"
	// lookEvery is how often a run that waits looks whether the lock is free.
	// flock(2) could wait by itself, but not for two locks, nor with an end.
	lookEvery = 200 * time.Millisecond
	// holderMax bounds what is read of a lock file, in bytes: commands can be long.
	holderMax = 1 << 20
)

// Holder tells who holds a lock.
type Holder struct {
	PID     int       `json:"pid"`
	Command string    `json:"command"` // as a shell would take it
	Started time.Time `json:"started"`
}

// HeldError says that another process is at work on a filesystem.
type HeldError struct {
	Device uint64 // st_dev
	Holder Holder // zero if the holder has not said yet
}

func (e *HeldError) Error() string {
	device := fmt.Sprintf("device %d:%d", unix.Major(e.Device), unix.Minor(e.Device))
	if e.Holder.PID == 0 {
		return "another run is at work on " + device
	}
	return fmt.Sprintf("pid %d is at work on %s since %s: %s",
		e.Holder.PID, device, e.Holder.Started.UTC().Format(time.RFC3339), e.Holder.Command)
}

// Set is the locks of one run. It is not for concurrent use.
type Set struct {
	// OnWait is called when Take begins to wait, if it is not nil.
	OnWait func(*HeldError)

	dir   string
	mine  Holder
	files map[uint64]*os.File // by device
}

// New makes an empty set for a run that calls itself so. Nothing is written yet.
func New(stateDir string, mine Holder) *Set {
	return &Set{dir: filepath.Join(stateDir, locksDir), mine: mine, files: map[uint64]*os.File{}}
}

// Take locks further devices (st_dev), waiting for them at most so long. While
// it waits it gives back what it held, so that two runs never wait for each
// other: who takes a second time must not have changed anything yet. Errors: a
// HeldError, that of ctx, or of the lock files; then nothing is held.
func (s *Set) Take(ctx context.Context, devices []uint64, wait time.Duration) error {
	all := slices.AppendSeq(slices.Clone(devices), maps.Keys(s.files))
	end := time.Now().Add(wait)
	for waits := false; ; waits = true {
		err := s.takeAll(all)
		if err == nil {
			return nil
		}
		s.Release()
		left := time.Until(end)
		held, isHeld := errors.AsType[*HeldError](err)
		if !isHeld || left <= 0 {
			return err
		}
		if !waits && s.OnWait != nil {
			s.OnWait(held)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(left, lookEvery)):
		}
	}
}

func (s *Set) takeAll(devices []uint64) error {
	if err := MakeDir(s.dir); err != nil {
		return err
	}
	for _, dev := range devices {
		if s.files[dev] != nil {
			continue
		}
		f, err := s.take(dev)
		if err != nil {
			return err
		}
		s.files[dev] = f
	}
	return nil
}

// MakeDir makes a directory for files that must not become links, though they lie within
// a PATH: a lock is one file's, and so is a journal that is written on. The mark says so
// to every run, whoever makes it. Without room for it the work is as safe as before.
func MakeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := Trust(dir); err != nil {
		return err
	}
	if f, err := os.OpenFile(filepath.Join(dir, scan.MarkName), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err == nil {
		f.Close()
	}
	return nil
}

// take locks one device.
func (s *Set) take(dev uint64) (*os.File, error) {
	name := fmt.Sprintf("%d-%d.lock", unix.Major(dev), unix.Minor(dev))
	f, err := os.OpenFile(filepath.Join(s.dir, name), os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	free, err := Try(f)
	switch {
	case err != nil:
	case !free:
		err = &HeldError{Device: dev, Holder: read(f)}
	default:
		err = write(f, s.mine)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// read returns what the holder says of itself. It may be in the middle of
// writing that: then nothing is known.
func read(f *os.File) (h Holder) {
	text, err := io.ReadAll(io.LimitReader(f, holderMax))
	if err != nil || json.Unmarshal(text, &h) != nil {
		return Holder{}
	}
	return h
}

func write(f *os.File, h Holder) error {
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err = f.WriteAt(append(text, '\n'), 0)
	return err
}

// Release gives all locks back. What the files say of this run is wiped first:
// a next holder must not be taken for it.
func (s *Set) Release() {
	for dev, f := range s.files {
		_ = f.Truncate(0) // only words for people
		f.Close()
		delete(s.files, dev)
	}
}
