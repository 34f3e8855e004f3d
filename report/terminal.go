package report

import (
	"os"

	"golang.org/x/term"
)

// When says whether something is done: the word of --progress and --color.
type When string

// The words of a When.
const (
	Auto   When = "auto"
	Always When = "always"
	Never  When = "never"
)

// Whens lists the words of a When.
func Whens() []string { return []string{string(Auto), string(Always), string(Never)} }

// ShowProgress decides for a stream: on a terminal that can clear a line unless
// the user says otherwise.
func (w When) ShowProgress(f *os.File) bool {
	return w == Always || w == Auto && IsTerminal(f)
}

// ShowColor decides for a stream. A NO_COLOR that is set and not empty counts
// before auto, not before always (no-color.org).
func (w When) ShowColor(f *os.File) bool {
	return w == Always || w == Auto && os.Getenv("NO_COLOR") == "" && IsTerminal(f)
}

// IsTerminal reports whether a person may be looking at f, through a terminal
// that understands control sequences: one without a name (a bare serial line) may not.
func IsTerminal(f *os.File) bool {
	name := os.Getenv("TERM")
	return name != "" && name != "dumb" && term.IsTerminal(int(f.Fd()))
}

// Width returns the columns of a terminal, 0 for anything else: in a pipe or a
// file a path is always whole.
func Width(f *os.File) int {
	if !IsTerminal(f) {
		return 0
	}
	return Columns(f)()
}

// defaultColumns is for a terminal that does not tell its width.
const defaultColumns = 80

// Columns returns a function that asks for the width of a terminal: the user
// may resize it at any time.
func Columns(f *os.File) func() int {
	return func() int {
		width, _, err := term.GetSize(int(f.Fd()))
		if err != nil || width <= 0 {
			return defaultColumns
		}
		return width
	}
}
