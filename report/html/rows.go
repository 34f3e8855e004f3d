package html

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/oneinode/oneinode/report/show"
)

// The actions as numbers; page.js knows them too.
var actions = map[string]int{"keep": 0, "link": 1, "hold": 2}

// Set adds a set: [size, frees, place, inode...], where an inode is [action,
// redundant, frees, attributes, mtime, note, host and elsewhere or 0,
// directory, name, directory, name...]. A name of 0 is that of the path before.
func (w *Writer) Set(s Set) error {
	w.begin("sets")
	b := append(w.buf[:0], '[')
	b = number(b, s.Size)
	b = number(b, s.Frees)
	b = number(b, int64(w.names.number(s.Place)))
	last := ""
	for i := range s.Inodes {
		b = w.inode(b, &s.Inodes[i], &last)
	}
	w.buf = b
	return w.row(append(trim(b), ']'))
}

func (w *Writer) inode(b []byte, in *Inode, last *string) []byte {
	action, ok := actions[in.Action]
	if !ok {
		action = 3
	}
	b = append(b, '[')
	for _, n := range []int64{
		int64(action), in.Redundant, in.Frees, int64(w.names.number(in.Attrs)), in.Mtime, int64(w.names.number(in.Note)),
	} {
		b = number(b, n)
	}
	b = elsewhere(b, in.Elsewhere)
	for _, p := range in.Paths {
		b = w.path(b, in.Host, p, last)
	}
	return append(trim(b), "],"...)
}

func elsewhere(b []byte, paths []string) []byte {
	if len(paths) == 0 {
		return append(b, "0,"...)
	}
	b = append(b, '[')
	for _, p := range paths {
		b = append(quoteJSON(b, show.Quote(p)), ',')
	}
	return append(trim(b), "],"...)
}

func (w *Writer) path(b []byte, host, path string, last *string) []byte {
	top, path := topOf(host, path)
	cut := strings.LastIndexByte(path, '/') + 1
	b = number(b, int64(w.dirs.number(top, path[:cut])))
	if base := path[cut:]; base != *last {
		*last = base
		return append(quoteJSON(b, show.Quote(base)), ',')
	}
	return append(b, "0,"...)
}

// topOf parts a path from the directory that it begins in, "" if it is relative.
func topOf(host, path string) (top, rest string) {
	if host != "" {
		host += ":"
	}
	if rest, isAbsolute := strings.CutPrefix(path, "/"); isAbsolute {
		return host + "/", rest
	}
	return "", host + path
}

// Skipped adds a path that was left out: [path, reason, error].
func (w *Writer) Skipped(s Skipped) error {
	w.begin("skipped")
	b := append(quoteJSON(append(w.buf[:0], '['), show.Quote(s.Path)), ',')
	b = number(b, int64(w.names.number(s.Reason)))
	b = append(quoteJSON(b, s.Error), ']')
	w.buf = b
	return w.row(b)
}

// Close writes the tables that the rows point into and the end of the page.
func (w *Writer) Close() error {
	w.end()
	w.text(`,"names":`)
	w.json(w.names.list)
	w.text(`,"parents":`)
	w.json(w.dirs.parents)
	w.text(`,"dirs":`)
	w.json(w.dirs.names)
	w.text("}")
	w.text(w.tail)
	if w.err == nil {
		w.err = w.out.Flush()
	}
	return w.err
}

// begin opens a list unless it is open.
func (w *Writer) begin(section string) {
	if w.section == section {
		return
	}
	w.end()
	w.section, w.first = section, true
	w.text(`,"` + section + `":[`)
}

func (w *Writer) end() {
	if w.section != "" {
		w.text("\n]")
	}
	w.section = ""
}

func (w *Writer) row(b []byte) error {
	sep := ",\n"
	if w.first {
		sep, w.first = "\n", false
	}
	w.text(sep)
	w.write(b)
	return w.err
}

func (w *Writer) json(v any) {
	b, err := json.Marshal(v) // escapes <, > and &, so that no name can end the block
	if err != nil && w.err == nil {
		w.err = err
	}
	w.write(b)
}

func (w *Writer) text(s string) { w.write([]byte(s)) }

func (w *Writer) write(b []byte) {
	if w.err == nil {
		_, w.err = w.out.Write(b)
	}
}

func number(b []byte, n int64) []byte { return append(strconv.AppendInt(b, n, 10), ',') }

// trim takes the last comma.
func trim(b []byte) []byte { return b[:len(b)-1] }

func quoteJSON(b []byte, s string) []byte {
	text, _ := json.Marshal(s) // a string can always be encoded
	return append(b, text...)
}
