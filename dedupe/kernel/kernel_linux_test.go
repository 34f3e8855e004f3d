package kernel

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/dedupe/sample"
	"github.com/oneinode/oneinode/scan"
)

var openDir = sample.OpenDir

// TestOpen: no symbolic link is followed, and a FIFO that was put in the place of a file keeps
// nobody waiting.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	sample.Put(t, dir, "file", "content", 1)
	fd := openDir(t, dir)
	check(t, unix.Symlinkat("file", fd, "link"))
	check(t, unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600))
	for name, open := range map[string]func(int, string) (int, error){"Open": Open, "OpenForWriting": OpenForWriting} {
		if _, err := open(fd, "link"); !errors.Is(err, unix.ELOOP) {
			t.Errorf("%s: a link: %v", name, err)
		}
		opened := make(chan error, 1)
		go func() {
			got, err := open(fd, "fifo")
			Close(got)
			opened <- err
		}()
		select {
		case err := <-opened:
			check(t, err)
		case <-time.After(time.Minute):
			t.Errorf("%s waits for a writer", name)
		}
	}
}

// TestSetDirMtime: the time of the last access is nobody's to put back.
func TestSetDirMtime(t *testing.T) {
	dir := t.TempDir()
	fd := openDir(t, dir)
	check(t, SetTimes(fd, 1e9, 2e9))
	check(t, SetDirMtime(fd, &scan.Stat{Atime: 3e9, Mtime: 4e9}))
	if now, err := scan.FStat(fd); err != nil || now.Atime != 1e9 || now.Mtime != 4e9 {
		t.Errorf("atime %d, mtime %d, %v", now.Atime, now.Mtime, err)
	}
}

// TestUnlink: a name that is gone is none to complain of; one that stays is.
func TestUnlink(t *testing.T) {
	dir := t.TempDir()
	sample.Put(t, dir, "file", "content", 1)
	sample.Put(t, dir, "below/file", "content", 1)
	fd := openDir(t, dir)
	for range 2 {
		check(t, Unlink(fd, "file"))
	}
	if err := Unlink(fd, "below"); err == nil {
		t.Error("a directory is gone")
	}
}

// TestExchangeSwaps: both names are there afterwards, each with the other's file, and neither
// goes where one is missing.
func TestExchangeSwaps(t *testing.T) {
	dir := t.TempDir()
	sample.Put(t, dir, "a", "1", 1)
	sample.Put(t, dir, "b", "22", 1)
	fd := openDir(t, dir)
	if err := Exchange(fd, "a", "b"); ExchangeUnknown(err) {
		t.Skip("no exchange here: ", err)
	} else {
		check(t, err)
	}
	a, err := scan.StatAt(fd, "a")
	check(t, err)
	b, err := scan.StatAt(fd, "b")
	if check(t, err); a.Size != 2 || b.Size != 1 {
		t.Errorf("%d and %d bytes", a.Size, b.Size)
	}
	if err := Exchange(fd, "a", "none"); err != unix.ENOENT {
		t.Errorf("with nothing: %v", err)
	}
}

// TestPumpShort: a file that ends before its size is told, rather than waited for.
func TestPumpShort(t *testing.T) {
	dir := t.TempDir()
	sample.Put(t, dir, "short", "1234", 1)
	sample.Put(t, dir, "copy", "", 1)
	fd := openDir(t, dir)
	src, err := Open(fd, "short")
	check(t, err)
	defer Close(src)
	dst, err := OpenForWriting(fd, "copy")
	check(t, err)
	defer Close(dst)
	done := make(chan error, 1)
	go func() { done <- pump(dst, src, 0, 8, WriteAll, nil) }()
	select {
	case err := <-done:
		if err == nil {
			t.Error("it is not told")
		}
	case <-time.After(time.Minute):
		t.Error("it waits")
	}
}

// TestTakeWriteLease: only while nobody else has the file open; who comes later is heard.
func TestTakeWriteLease(t *testing.T) {
	dir := t.TempDir()
	sample.Put(t, dir, "file", "content", 1)
	at := openDir(t, dir)
	fd, err := OpenForWriting(at, "file")
	check(t, err)
	defer Close(fd)
	other, err := Open(at, "file")
	check(t, err)
	busy := TakeWriteLease(fd)
	Close(other)
	held := TakeWriteLease(fd)
	if held == LeaseMissing {
		t.Skip("no leases here")
	}
	if busy != LeaseBusy || held != LeaseHeld || !WriteLeaseUnbroken(fd) {
		t.Errorf("%v while it was open, then %v, unbroken %v", busy, held, WriteLeaseUnbroken(fd))
	}
	if _, err := Open(at, "file"); err != unix.EAGAIN || WriteLeaseUnbroken(fd) {
		t.Errorf("%v, unbroken %v", err, WriteLeaseUnbroken(fd))
	}
}
