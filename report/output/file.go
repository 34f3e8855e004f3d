package output

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/report/show"
	"github.com/oneinode/oneinode/scan"
)

// File is a file that is to be written when the work is done.
type File struct {
	name   string // as given, for messages
	target string // with symbolic links resolved
}

// At checks as far as possible before the work that the file can be written
// after it: its directory exists and may be written to, and nothing but a regular
// file would be replaced. Where name is a symbolic link, what it leads to is replaced, unless
// the link is another user's trap (scan.Follow). The error is an *Error.
func At(name string) (File, error) {
	target, err := resolve(name)
	if err == nil {
		err = mayWrite(filepath.Dir(target))
	}
	if err != nil {
		return File{}, &Error{File: name, Err: err}
	}
	return File{name: name, target: target}, nil
}

// Target returns the path that is replaced.
func (f File) Target() string { return f.target }

// Error says that a file cannot be written.
type Error struct {
	File string
	Err  error
}

func (e *Error) Error() string {
	return fmt.Sprintf("cannot write %s: %s", show.Quote(e.File), show.Cause(e.Err))
}

func (e *Error) Unwrap() error { return e.Err }

// mayWrite is an error only where it is certain that no file can be made.
func mayWrite(dir string) error {
	err := scan.May(unix.AT_FDCWD, dir, unix.W_OK|unix.X_OK)
	if err == unix.EACCES || err == unix.EROFS {
		return &fs.PathError{Op: "access", Path: dir, Err: err}
	}
	return nil
}

func resolve(file string) (string, error) {
	target, err := scan.Follow(file)
	if errors.Is(err, fs.ErrNotExist) {
		return resolveNew(file)
	}
	if err != nil {
		return "", err
	}
	info, err := os.Stat(target)
	switch {
	case err != nil:
		return "", err
	case info.IsDir():
		return "", errors.New("it is a directory")
	case !info.Mode().IsRegular():
		return "", errors.New("it exists and is not a regular file")
	}
	return target, nil
}

// resolveNew is for a file that does not exist yet. A link that leads nowhere
// is refused: the file would take the link's place.
func resolveNew(file string) (string, error) {
	if _, err := os.Lstat(file); err == nil {
		return "", errors.New("it is a symbolic link that leads nowhere")
	}
	dir, base := filepath.Split(file) // not Dir, which takes "link/.." for nothing
	dir, err := scan.Follow(dir)
	if err != nil {
		return "", err
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return "", errors.Join(err, errors.New("its parent is not a directory"))
	}
	return filepath.Join(dir, base), nil
}

// Replace has write fill a temporary file beside the target, flushes it to disk
// and renames it into place: at any time the name has the old content or the new,
// whole. On an error, an *Error, the old file stays. Once ctx ends the temporary
// file is taken away, under the hands of a write that goes on. Without a mode that
// of our own old file is kept.
func (f File) Replace(ctx context.Context, write func(io.Writer) error, mode ...renameio.Option) error {
	if mode == nil {
		mode = modeOf(f.target)
	}
	if err := replace(ctx, f.target, write, mode); err != nil {
		return &Error{File: f.name, Err: err}
	}
	return nil
}

// modeOf keeps the mode of our own old file. That of another user is not theirs to say for
// our file: it only takes away, so that nobody but us can write to it.
func modeOf(target string) []renameio.Option {
	const mode = 0o644
	old, err := scan.StatAt(unix.AT_FDCWD, target)
	switch {
	case err != nil:
		return []renameio.Option{renameio.WithPermissions(mode)}
	case int(old.UID) != os.Geteuid():
		return []renameio.Option{renameio.WithPermissions(mode & os.FileMode(old.Mode))}
	}
	return []renameio.Option{renameio.WithPermissions(mode), renameio.WithExistingPermissions()}
}

func replace(ctx context.Context, target string, write func(io.Writer) error, mode []renameio.Option) error {
	if err := stays(target); err != nil {
		return err
	}
	pending, err := renameio.NewPendingFile(target,
		append(mode, renameio.WithTempDir(filepath.Dir(target)))...) // a rename works inside one filesystem only
	if err != nil {
		return err
	}
	defer pending.Cleanup() // does nothing once the file is in place
	if err := Until(ctx, func() error { return write(pending) }); err != nil {
		return err
	}
	return pending.CloseAtomicallyReplace()
}

// Until returns when the work is done, or with the cause of ctx when that ends before:
// what only reads, computes and writes to a pipe can be left where it stands by a program
// that is about to end, and knows of no context.
func Until(ctx context.Context, work func() error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx) // nothing is begun any more
	}
	done := make(chan error, 1)
	go func() { done <- work() }()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case err := <-done:
		return err
	}
}

// stays refuses a file that scan.Follow found if there are links on the way now: between
// the begin of a run and its end lie hours.
func stays(target string) error {
	dir := filepath.Dir(target)
	if now, err := filepath.EvalSymlinks(dir); err != nil || now != dir {
		return errors.Join(err, errors.New("its directory was replaced since the run began"))
	}
	return nil
}
