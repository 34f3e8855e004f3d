package view

import (
	"bufio"
	"fmt"
	"io"

	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
)

// View answers a question about saved scans: a value that is its own JSON, and
// text for people.
type View interface{ text(p *printer) }

// WriteText writes a view for people.
func WriteText(w io.Writer, v View) error {
	out := bufio.NewWriter(w) // keeps its first error until the end
	v.text(&printer{out})
	return out.Flush()
}

// printer writes the lines of a view.
type printer struct{ out *bufio.Writer }

func (p *printer) line(format string, args ...any) { fmt.Fprintf(p.out, format+"\n", args...) }

// paths lists examples of all.
func (p *printer) paths(examples []schema.Path, all int64) {
	for _, e := range examples {
		p.line("    %s", show.Quote(e.Raw()))
	}
	if more := all - int64(len(examples)); more > 0 {
		p.line("    … and %s more", show.Count(more))
	}
}
