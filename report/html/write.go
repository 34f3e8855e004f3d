package html

import (
	"bufio"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"strings"
)

//go:embed page/page.html
var shell string

//go:embed page/page.css
var style string

//go:embed page/page.js
var script string

// Set is a duplicate set as the page shows it.
type Set struct {
	Size   int64 // bytes of each inode
	Frees  int64 // bytes
	Place  string
	Inodes []Inode
}

// Inode is one inode of a set.
type Inode struct {
	Action    string // "keep", "link" or "hold"
	Redundant int64  // bytes: its part of what the set stores more than once
	Frees     int64  // bytes
	Attrs     string // owner and mode, for people
	Mtime     int64  // seconds since 1970
	Note      string
	Host      string   // "" when all are of one
	Paths     []string // the very bytes
	Elsewhere []string // names outside the given paths
}

// Skipped is a path that was left out.
type Skipped struct{ Path, Reason, Error string }

// Writer writes one page: New, then every Set, then every Skipped, then Close.
// Its memory grows with the number of directories, not of sets.
type Writer struct {
	out     *bufio.Writer
	tail    string
	names   table
	dirs    tree
	buf     []byte
	section string
	first   bool
	err     error
}

// New writes the beginning of a page. The title needs no escape. The facts are the
// data that the page shows beside the sets.
func New(out io.Writer, title string, facts any) *Writer {
	w := &Writer{out: bufio.NewWriterSize(out, 64<<10), names: newTable(), dirs: newTree()}
	head, tail, _ := strings.Cut(shell, "@DATA@") // before any other text is in it
	fill := filler(title)
	w.tail = fill.Replace(tail)
	w.text(fill.Replace(head))
	w.text(`{"facts":`)
	w.json(facts)
	return w
}

// filler puts in place what the shell leaves open.
func filler(title string) *strings.Replacer {
	policy := fmt.Sprintf("default-src 'none'; script-src '%s'; style-src '%s'; base-uri 'none'; form-action 'none'",
		digest(script), digest(style))
	return strings.NewReplacer("@TITLE@", html.EscapeString(title), "@POLICY@", policy, "@STYLE@", style, "@SCRIPT@", script)
}

// digest is the source expression of the Content Security Policy for text.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
