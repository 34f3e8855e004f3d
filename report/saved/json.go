package saved

import (
	"bufio"
	"bytes"
	"encoding/json"

	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
)

// encoder writes values as JSON without the escapes that only HTML needs. The
// first error stays and makes the rest do nothing.
type encoder struct {
	out *bufio.Writer
	buf bytes.Buffer
	err error
}

// bytes encodes a value; they are valid until the next call.
func (e *encoder) bytes(v any) []byte {
	e.buf.Reset()
	enc := json.NewEncoder(&e.buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil && e.err == nil {
		e.err = err
	}
	return show.TameJSON(bytes.TrimSuffix(e.buf.Bytes(), []byte("\n")))
}

func (e *encoder) raw(text string) { e.write([]byte(text)) }

func (e *encoder) write(text []byte) {
	if e.err == nil {
		_, e.err = e.out.Write(text)
	}
}

// WriteJSON writes the one object of the schema with a line for each set, so
// that neither side must hold all of it: the document's own fields, then "sets"
// and "skipped".
func WriteJSON(out *bufio.Writer, src schema.Source) error {
	e := &encoder{out: out}
	e.write(bytes.TrimSuffix(e.bytes(src.Document()), []byte("}")))
	e.raw(",\n\"sets\":[")
	sep := "\n"
	for set, err := range src.Sets() {
		if err != nil {
			return err
		}
		e.raw(sep)
		e.write(e.bytes(set))
		if sep = ",\n"; e.err != nil {
			return e.err
		}
	}
	e.raw("\n],\n\"skipped\":[")
	sep = "\n"
	for s := range src.Skipped() {
		e.raw(sep)
		e.write(e.bytes(s))
		sep = ",\n"
	}
	e.raw("\n]")
	e.directories(src)
	e.raw("}\n")
	return e.err
}

// directories writes that list if there is one.
func (e *encoder) directories(src schema.Source) {
	sep := ",\n\"directories\":[\n"
	for d := range src.Directories() {
		e.raw(sep)
		e.write(e.bytes(d))
		sep = ",\n"
	}
	if sep == ",\n" {
		e.raw("\n]")
	}
}

// The lines of ndjson: the same facts, each with its kind.
type (
	headerLine struct {
		Kind        string              `json:"kind"`
		Schema      int                 `json:"schema"`
		Tool        schema.Tool         `json:"tool"`
		Run         schema.Run          `json:"run"`
		Filesystems []schema.Filesystem `json:"filesystems"`
	}
	setLine struct {
		Kind string `json:"kind"`
		schema.Set
	}
	skippedLine struct {
		Kind string `json:"kind"`
		schema.Skipped
	}
	directoryLine struct {
		Kind string `json:"kind"`
		schema.Directory
	}
	summaryLine struct {
		Kind string `json:"kind"`
		schema.Summary
	}
)

// WriteNDJSON ends with the summary: a reader that has it has everything.
func WriteNDJSON(out *bufio.Writer, src schema.Source) error {
	e := &encoder{out: out}
	d := src.Document()
	e.line(headerLine{Kind: "header", Schema: d.Schema, Tool: d.Tool, Run: d.Run, Filesystems: d.Filesystems})
	for set, err := range src.Sets() {
		if err != nil {
			return err
		}
		if e.line(setLine{Kind: "set", Set: set}); e.err != nil {
			return e.err
		}
	}
	for s := range src.Skipped() {
		e.line(skippedLine{Kind: "skipped", Skipped: s})
	}
	for d := range src.Directories() {
		e.line(directoryLine{Kind: "directory", Directory: d})
	}
	e.line(summaryLine{Kind: "summary", Summary: d.Summary})
	return e.err
}

func (e *encoder) line(v any) {
	e.write(e.bytes(v))
	e.raw("\n")
}
