package saved

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/oneinode/oneinode/report/schema"
)

// readLines reads ndjson as WriteNDJSON writes it: everything but the sets into
// out, and each set to keep. A file without its last line, the summary, is a
// file that was cut off.
func readLines(r io.Reader, out *schema.Loaded, keep func(schema.Set) error) error {
	l := &liner{dec: json.NewDecoder(r), intake: intake{out: out, keep: keep}}
	for {
		var raw json.RawMessage
		err := l.dec.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return l.complete()
		}
		if err == nil {
			l.lines++
			err = l.line(raw)
		}
		if err != nil {
			return err
		}
	}
}

type liner struct {
	intake
	dec        *json.Decoder
	lines      int64
	head, tail bool // header and summary were met
}

// setPrefix begins nearly every line; it spares reading them twice.
var setPrefix = []byte(`{"kind":"set"`)

func (l *liner) line(raw []byte) error {
	if l.tail {
		return errors.New("something follows the summary")
	}
	kind := "set"
	if !bytes.HasPrefix(raw, setPrefix) {
		var k struct{ Kind string }
		if err := json.Unmarshal(raw, &k); err != nil {
			return inField(fmt.Sprintf("line %d", l.lines), err)
		}
		kind = k.Kind
	}
	if l.lines == 1 && kind != "header" {
		return errors.New("it does not begin with a header: it is not a scan of oneinode")
	}
	if err := l.take(kind, raw); err != nil {
		return fmt.Errorf("line %d: %w", l.lines, err)
	}
	return nil
}

// take reads one line into its place. Unknown kinds are left out: kinds may be
// added within a schema number.
func (l *liner) take(kind string, raw []byte) error {
	switch kind {
	case "header":
		return l.header(raw)
	case "set":
		return l.set(raw)
	case "skipped":
		var s schema.Skipped
		err := unmarshal(raw, &s)
		l.out.AllSkipped = append(l.out.AllSkipped, s)
		return err
	case "directory":
		var d schema.Directory
		err := unmarshal(raw, &d)
		l.out.AllDirectories = append(l.out.AllDirectories, d)
		return err
	case "summary":
		l.tail = true
		return unmarshal(raw, &l.out.Doc.Summary)
	}
	return nil
}

func (l *liner) header(raw []byte) error {
	var h headerLine
	if err := unmarshal(raw, &h); err != nil {
		return err
	}
	if l.head {
		return errors.New("a second header")
	}
	if err := checkSchema(h.Schema); err != nil {
		return err
	}
	l.head = true
	d := &l.out.Doc
	d.Schema, d.Tool, d.Run, d.Filesystems = h.Schema, h.Tool, h.Run, h.Filesystems
	return nil
}

func (l *liner) set(raw []byte) error {
	var s schema.Set
	if err := unmarshal(raw, &s); err != nil {
		return err
	}
	return l.accept(s)
}

func unmarshal(raw []byte, into any) error {
	if err := json.Unmarshal(raw, into); err != nil {
		return inField("value", err)
	}
	return nil
}

func (l *liner) complete() error {
	switch {
	case !l.head:
		return io.ErrUnexpectedEOF
	case !l.tail:
		return errors.New("the summary is missing: it was cut off, or its run is not done")
	}
	return l.counted()
}

// isLines tells ndjson from the one object by its first field.
func isLines(r *bufio.Reader) bool {
	start, _ := r.Peek(64) // a file that is shorter is told by its reader
	rest, ok := bytes.CutPrefix(bytes.TrimSpace(start), []byte("{"))
	return ok && bytes.HasPrefix(bytes.TrimSpace(rest), []byte(`"kind"`))
}
