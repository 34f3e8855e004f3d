package saved

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"

	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
)

// File is the Source of a saved scan, JSON or NDJSON, that is read from disk
// anew whenever its sets are asked for: memory does not grow with their number.
// It is for one goroutine.
type File struct {
	schema.Loaded // all but the sets
	file          *os.File
	name          string
	lines         bool // NDJSON
	loose         bool // it cannot be read twice
}

// Open checks the whole file once and keeps it open until Close. The
// name "-" is standard input. What cannot be read twice, like a pipe, is kept in
// memory. The error names the file.
func Open(name string) (*File, error) {
	f := &File{name: name, file: os.Stdin}
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, show.PathError(name, err)
		}
		f.file = file
	}
	if err := f.load(); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", show.Quote(name), err)
	}
	return f, nil
}

// IsLines reports whether the file is NDJSON.
func (f *File) IsLines() bool { return f.lines }

// Close releases the file.
func (f *File) Close() error {
	if f.name == "-" {
		return nil
	}
	return f.file.Close()
}

func (f *File) load() error {
	info, err := f.file.Stat()
	if err != nil {
		return show.PathError("", err)
	}
	if info.IsDir() {
		return errors.New("it is a directory, not a saved scan")
	}
	f.loose = !info.Mode().IsRegular()
	keep := func(schema.Set) error { return nil }
	if f.loose {
		keep = func(s schema.Set) error { f.AllSets = append(f.AllSets, s); return nil }
	}
	return f.read(&f.Loaded, keep)
}

// read goes through the whole file.
func (f *File) read(out *schema.Loaded, keep func(schema.Set) error) error {
	var from io.Reader = f.file
	if !f.loose {
		from = io.NewSectionReader(f.file, 0, math.MaxInt64)
	}
	in := bufio.NewReaderSize(from, 256<<10)
	if err := textOnly(in); err != nil {
		return err
	}
	if f.lines = isLines(in); f.lines {
		return readError(readLines(in, out, keep))
	}
	return readError(readObject(in, out, keep))
}

// errEnough ends a reading that nobody wants to go on with.
var errEnough = errors.New("enough")

// Sets reads the file and yields its sets in their order.
func (f *File) Sets() iter.Seq2[schema.Set, error] {
	if f.loose {
		return f.Loaded.Sets()
	}
	return func(yield func(schema.Set, error) bool) {
		err := f.read(&schema.Loaded{}, func(s schema.Set) error {
			if !yield(s, nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(schema.Set{}, fmt.Errorf("%s: %w", show.Quote(f.name), err))
		}
	}
}
