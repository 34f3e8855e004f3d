package saved

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/oneinode/oneinode/report/schema"
)

// Read reads the one object of the schema back. It reads to the end before
// it returns, so that nobody acts on half a file; the error tells what does not
// fit: another schema, a file that is cut off, a field of the wrong kind, facts
// that contradict each other. Unknown fields are left out: fields may be added
// within a schema number.
func Read(r io.Reader) (*schema.Loaded, error) {
	var out schema.Loaded
	in := bufio.NewReader(r)
	if err := textOnly(in); err != nil {
		return nil, err
	}
	err := readObject(in, &out, func(s schema.Set) error {
		out.AllSets = append(out.AllSets, s)
		return nil
	})
	if err != nil {
		return nil, readError(err)
	}
	return &out, nil
}

// readObject reads everything but the sets into out, and hands each set to keep.
func readObject(r io.Reader, out *schema.Loaded, keep func(schema.Set) error) error {
	p := &parser{dec: json.NewDecoder(r), seen: map[string]bool{}, intake: intake{out: out, keep: keep}}
	return p.document()
}

// intake is what both ways of reading have in common.
type intake struct {
	out  *schema.Loaded
	keep func(schema.Set) error
	sets int64 // met so far
}

// accept hands a set to keep.
func (in *intake) accept(s schema.Set) error {
	if err := s.Check(); err != nil {
		return err
	}
	in.sets++
	return in.keep(s)
}

// counted checks that there are as many sets as the summary says.
func (in *intake) counted() error {
	if want := in.out.Doc.Summary.Sets; want != in.sets {
		return fmt.Errorf("the summary counts %d sets, but there are %d", want, in.sets)
	}
	return nil
}

func checkSchema(number int) error {
	if number != schema.Number {
		return fmt.Errorf("it has schema %d, this program reads schema %d", number, schema.Number)
	}
	return nil
}

type parser struct {
	intake
	dec  *json.Decoder
	seen map[string]bool // top-level fields met so far
}

func (p *parser) document() error {
	if err := p.expect('{', "one JSON object"); err != nil {
		return err
	}
	for p.dec.More() {
		key, err := p.dec.Token()
		if err != nil {
			return err
		}
		name, _ := key.(string) // the decoder lets only strings be keys
		if p.seen[name] {
			return fmt.Errorf("field %q is there twice", name)
		}
		p.seen[name] = true
		if err := p.field(name); err != nil {
			return err
		}
	}
	if _, err := p.dec.Token(); err != nil {
		return err
	}
	if _, err := p.dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the object")
	}
	return p.complete()
}

// field reads one top-level value into its place.
func (p *parser) field(name string) error {
	switch name {
	case "schema":
		return p.schema()
	case "tool":
		return p.value(name, &p.out.Doc.Tool)
	case "run":
		return p.value(name, &p.out.Doc.Run)
	case "filesystems":
		return p.value(name, &p.out.Doc.Filesystems)
	case "summary":
		return p.value(name, &p.out.Doc.Summary)
	case "sets":
		return p.eachSet()
	case "skipped":
		return p.value(name, &p.out.AllSkipped)
	case "directories":
		return p.value(name, &p.out.AllDirectories)
	}
	return p.dec.Decode(&json.RawMessage{})
}

func (p *parser) schema() error {
	if err := p.value("schema", &p.out.Doc.Schema); err != nil {
		return err
	}
	return checkSchema(p.out.Doc.Schema)
}

func (p *parser) value(name string, into any) error {
	if err := p.dec.Decode(into); err != nil {
		return inField(name, err)
	}
	return nil
}

// eachSet reads one set after the other: a file of gigabytes never lies in
// memory as text.
func (p *parser) eachSet() error {
	if err := p.expect('[', "a list in field sets"); err != nil {
		return err
	}
	for p.dec.More() {
		var s schema.Set
		where := fmt.Sprintf("sets[%d]", p.sets)
		if err := p.dec.Decode(&s); err != nil {
			return inField(where, err)
		}
		if err := p.accept(s); err != nil {
			return fmt.Errorf("%s: %w", where, err)
		}
	}
	_, err := p.dec.Token()
	return err
}

func (p *parser) expect(delim json.Delim, what string) error {
	token, err := p.dec.Token()
	if err != nil {
		return err
	}
	if token != delim {
		return fmt.Errorf("it should be %s", what)
	}
	return nil
}

// complete checks what only the whole file can tell.
func (p *parser) complete() error {
	for _, name := range []string{"schema", "tool", "run", "filesystems", "summary", "sets", "skipped"} {
		if !p.seen[name] {
			return fmt.Errorf("field %q is missing: it is not a scan of oneinode", name)
		}
	}
	return p.counted()
}

func inField(name string, err error) error {
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		at := name
		if kind.Field != "" {
			at += "." + kind.Field
		}
		return fmt.Errorf("field %s is a %s, which does not fit", at, kind.Value)
	}
	return fmt.Errorf("field %s: %w", name, err)
}

// readError puts the decoder's ways to say "cut off" into words.
func readError(err error) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok && !strings.Contains(syntax.Error(), "unexpected end") {
		return fmt.Errorf("not valid JSON at byte %d: %s", syntax.Offset, syntax)
	}
	if _, ok := errors.AsType[*json.SyntaxError](err); ok || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it ends too early: it is cut off or empty")
	}
	return err
}
