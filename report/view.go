package report

import (
	"bufio"
	"encoding/json"
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
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	return out.Flush()
}
