package report

import (
	"context"
	"io"

	"github.com/oneinode/oneinode/report/output"
	"github.com/oneinode/oneinode/report/schema"
)

// Output is a file that a source is to be written to.
type Output struct {
	file   output.File
	format Format

	Next string // command to run next, for the formats that tell it
}

// NewOutput checks as far as possible before the work that the file can be written
// after it (output.At), and that its suffix tells a format.
func NewOutput(name string) (Output, error) {
	format, err := formatOf(name)
	if err != nil {
		return Output{}, err
	}
	file, err := output.At(name)
	return Output{file: file, format: format}, err
}

// Format returns the format that the file's name asks for.
func (o Output) Format() Format { return o.format }

// Write writes the source in one step (output.File). The text format is written
// with all sets.
func (o Output) Write(ctx context.Context, src schema.Source) error {
	return o.file.Replace(ctx, func(w io.Writer) error {
		return Write(w, src, o.format, Style{Verbose: true, Next: o.Next})
	})
}
