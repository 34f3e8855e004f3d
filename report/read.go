package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// Saved is the Source of a file that ReadJSON has read.
type Saved struct {
	doc     Document
	sets    []Set
	skipped []Skipped

	directories []Directory
}

// Document returns the facts of the saved run.
func (s *Saved) Document() Document { return s.doc }

// Sets yields the saved sets in the order of the file; it never fails.
func (s *Saved) Sets() iter.Seq2[Set, error] {
	return func(yield func(Set, error) bool) {
		for _, set := range s.sets {
			if !yield(set, nil) {
				return
			}
		}
	}
}

// Skipped yields what the saved run left out.
func (s *Saved) Skipped() iter.Seq[Skipped] { return slices.Values(s.skipped) }

// ReadJSON reads the one object of the schema back. It reads to the end before
// it returns, so that nobody acts on half a file; the error tells what does not
// fit: another schema, a file that is cut off, a field of the wrong kind, facts
// that contradict each other. Unknown fields are left out: fields may be added
// within a schema number.
func ReadJSON(r io.Reader) (*Saved, error) {
	var out Saved
	err := readObject(bufio.NewReader(r), &out, func(s Set) error {
		out.sets = append(out.sets, s)
		return nil
	})
	if err != nil {
		return nil, readError(err)
	}
	return &out, nil
}

// readObject reads everything but the sets into out, and hands each set to keep.
func readObject(r io.Reader, out *Saved, keep func(Set) error) error {
	p := &parser{dec: json.NewDecoder(r), seen: map[string]bool{}, out: out, keep: keep}
	return p.document()
}

type parser struct {
	dec  *json.Decoder
	seen map[string]bool // top-level fields met so far
	out  *Saved
	sets int64 // met so far
	keep func(Set) error
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
		return p.value(name, &p.out.doc.Tool)
	case "run":
		return p.value(name, &p.out.doc.Run)
	case "filesystems":
		return p.value(name, &p.out.doc.Filesystems)
	case "summary":
		return p.value(name, &p.out.doc.Summary)
	case "sets":
		return p.eachSet()
	case "skipped":
		return p.value(name, &p.out.skipped)
	case "directories":
		return p.value(name, &p.out.directories)
	}
	return p.dec.Decode(&json.RawMessage{})
}

func (p *parser) schema() error {
	if err := p.value("schema", &p.out.doc.Schema); err != nil {
		return err
	}
	if n := p.out.doc.Schema; n != Schema {
		return fmt.Errorf("it has schema %d, this program reads schema %d", n, Schema)
	}
	return nil
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
		var s Set
		where := fmt.Sprintf("sets[%d]", p.sets)
		if err := p.dec.Decode(&s); err != nil {
			return inField(where, err)
		}
		if err := s.check(); err != nil {
			return fmt.Errorf("%s: %w", where, err)
		}
		p.sets++
		if err := p.keep(s); err != nil {
			return err
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
			return fmt.Errorf("field %q is missing: it is no scan of oneinode", name)
		}
	}
	if want := p.out.doc.Summary.Sets; want != p.sets {
		return fmt.Errorf("the summary tells of %d sets, but there are %d", want, p.sets)
	}
	return nil
}

// check refuses a set that no run can have written.
func (s *Set) check() error {
	switch {
	case s.Size < 0:
		return fmt.Errorf("size %d is below zero", s.Size)
	case !isDigest(s.Digest):
		return fmt.Errorf("digest %q is not \"blake3:\" and 64 hex digits", s.Digest)
	case len(s.Inodes) < 2:
		return errors.New("a set has at least two inodes")
	}
	seen := make(map[scan.ID]bool, len(s.Inodes))
	for i := range s.Inodes {
		if err := s.Inodes[i].check(); err != nil {
			return err
		}
		if seen[s.ID(&s.Inodes[i])] {
			return fmt.Errorf("inode %d is there twice", s.Inodes[i].Inode)
		}
		seen[s.ID(&s.Inodes[i])] = true
	}
	if !seen[s.keeper()] {
		return fmt.Errorf("keeper %d is none of the inodes", s.Keeper)
	}
	return nil
}

func (i *Inode) check() error {
	if len(i.Paths) == 0 {
		return fmt.Errorf("inode %d has no path", i.Inode)
	}
	for _, p := range i.Paths {
		if raw := p.Raw(); raw == "" || strings.ContainsRune(raw, 0) {
			return fmt.Errorf("inode %d: %q cannot be a path", i.Inode, raw)
		}
	}
	return nil
}

func isDigest(text string) bool {
	if text == "" {
		return true // nobody asked for it
	}
	_, err := hash.ParseDigest(text)
	return err == nil
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
