package report

import (
	"context"
	"io"

	"github.com/oneinode/oneinode/report/output"
	"github.com/oneinode/oneinode/report/schema"
)

// Output is a file that a source is to be written to.
type Output struct {
	Format Format // that its name asks for
	file   output.File
}

// NewOutput checks as far as possible before the work that the file can be written
// after it (output.At), and that its suffix tells a format.
func NewOutput(name string) (Output, error) {
	format, err := formatOf(name)
	if err != nil {
		return Output{}, err
	}
	file, err := output.At(name)
	return Output{Format: format, file: file}, err
}

// Write writes the source in one step (output.File). The text format is written
// with all sets; next is the command to run next, for the formats that tell it.
func (o Output) Write(ctx context.Context, src schema.Source, next string) error {
	return o.file.Replace(ctx, func(w io.Writer) error {
		return Write(w, src, o.Format, Style{Verbose: true, Next: next})
	})
}
