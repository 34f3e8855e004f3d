package report

import (
	"bufio"
	"fmt"

	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
)

const (
	setsShown  = 20 // sets that fit a few screens; -v shows all
	namesShown = 8  // names of one set
)

// Escape sequences of the text for terminals.
const (
	bold  = "1"
	dim   = "2"
	green = "32"
	cyan  = "36"
	red   = "31"
)

// texter writes the text for people.
type texter struct {
	out   *bufio.Writer
	style Style
	doc   schema.Document
	head  int // thirds of its room that the beginning of a long path gets
}

// writeText shows the sets (for a scan or a plan, or with Verbose) and the sums.
// Errors of the writer stay in it until the caller flushes.
func writeText(out *bufio.Writer, src schema.Source, style Style) error {
	t := &texter{out: out, style: style, doc: src.Document(), head: leastHead}
	if t.doc.Run.Action != schema.ActionDedupe || style.Verbose {
		if err := t.sets(src); err != nil {
			return err
		}
	}
	t.summary(src)
	t.advice()
	t.next()
	return nil
}

func (t *texter) printf(format string, args ...any) { fmt.Fprintf(t.out, format, args...) }

// paint colours text when colours are wanted.
func (t *texter) paint(code, text string) string {
	if !t.style.Color || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (t *texter) sets(src schema.Source) error {
	if t.doc.Summary.Sets == 0 {
		found := show.Choose(t.style.Saved, "nothing to link in the saved scan", "no duplicates found")
		t.printf("%s%s\n\n", found, show.Choose(t.doc.Run.Complete, "", " so far"))
		return nil
	}
	shown := int64(0)
	for set, err := range src.Sets() {
		if err != nil {
			return err
		}
		if shown == setsShown && !t.style.Verbose {
			break
		}
		shown++
		t.set(&set)
	}
	if more := t.doc.Summary.Sets - shown; more > 0 {
		t.printf("… and %s (-v shows all, -o FILE.json saves them)\n\n", show.Counted(more, "more set", "more sets"))
	}
	return nil
}
