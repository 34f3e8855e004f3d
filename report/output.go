package report

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

	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
	"github.com/oneinode/oneinode/scan"
)

// Output is a file that a source is to be written to.
type Output struct {
	file   string // as given, for messages
	target string // with symbolic links resolved
	format Format

	Next string // command to run next, for the formats that tell it
}

// NewOutput checks as far as possible before the work that file can be written
// after it: the suffix tells a format, the directory exists, and nothing but a
// regular file would be replaced. Where file is a symbolic link, what it leads
// to is replaced, unless the link is another user's trap (scan.Follow).
func NewOutput(file string) (Output, error) {
	format, err := FormatOf(file)
	if err != nil {
		return Output{}, err
	}
	target, err := resolve(file)
	if err != nil {
		return Output{}, &OutputError{File: file, Err: err}
	}
	return Output{file: file, target: target, format: format}, nil
}

// Format returns the format that the file's name asks for.
func (o Output) Format() Format { return o.format }

// OutputError says that an output file cannot be written.
type OutputError struct {
	File string
	Err  error
}

func (e *OutputError) Error() string {
	return fmt.Sprintf("cannot write %s: %s", show.Quote(e.File), show.Cause(e.Err))
}

func (e *OutputError) Unwrap() error { return e.Err }

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

// Write writes the source to a temporary file beside the target, flushes it to
// disk and renames it into place: at any time the name has the old content or
// the new, whole. On an error the old file stays. The text format is written
// with all sets.
func (o Output) Write(ctx context.Context, src schema.Source) error {
	if err := o.replace(ctx, src); err != nil {
		return &OutputError{File: o.file, Err: err}
	}
	return nil
}

func (o Output) replace(ctx context.Context, src schema.Source) error {
	return replaceFile(ctx, o.target, func(w io.Writer) error {
		return Write(w, src, o.format, Style{Verbose: true, Next: o.Next})
	}, modeOf(o.target)...)
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

// replaceFile has write fill a temporary file, and puts that in place. Once ctx ends the
// file is taken away, under the hands of a write that goes on.
func replaceFile(ctx context.Context, target string, write func(io.Writer) error, mode ...renameio.Option) error {
	if err := stays(target); err != nil {
		return err
	}
	pending, err := renameio.NewPendingFile(target,
		append(mode, renameio.WithTempDir(filepath.Dir(target)))...) // a rename works inside one filesystem only
	if err != nil {
		return err
	}
	defer pending.Cleanup() //nolint:errcheck // does nothing once the file is in place
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
