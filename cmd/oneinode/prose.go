package main

import (
	"io"
	"os"

	"github.com/oneinode/oneinode/report"
	"github.com/oneinode/oneinode/report/talk"
)

// troubles tells what goes wrong through a writer that leads to standard error, folded for its
// terminal.
func (a *app) troubles(to io.Writer) *talk.Troubles {
	t := talk.NewTroubles(to, a.logJSON)
	t.Fold = func(text string) string { return report.FoldLines(text, report.Width(a.stderr)) }
	return t
}

// prose is standard output for lines that are no list and no table.
func (a *app) prose() io.Writer { return folding{a.stdout, a.stdout} }

// folding folds the lines that are written to a file through another writer, whole ones, as wide
// as that file's terminal is.
type folding struct {
	to   io.Writer
	file *os.File
}

func (f folding) Write(text []byte) (int, error) {
	if _, err := io.WriteString(f.to, report.FoldLines(string(text), report.Width(f.file))); err != nil {
		return 0, err
	}
	return len(text), nil
}
