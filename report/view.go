package report

import (
	"bufio"
	"io"
)

// View answers a question about saved scans: a value that is its own JSON, and
// text for people.
type View interface {
	Text(w io.Writer) error
}

// WriteView writes a view as text or JSON.
func WriteView(w io.Writer, v View, format Format) error {
	out := bufio.NewWriter(w)
	if format != FormatJSON {
		if err := v.Text(out); err != nil {
			return err
		}
		return out.Flush()
	}
	if err := writeIndented(out, v); err != nil {
		return err
	}
	return out.Flush()
}
