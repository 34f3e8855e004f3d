package report

import (
	"strings"

	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
)

// path quotes a path and, on a terminal, shortens it in the middle so that it
// fits beside what else takes room in its line.
func (t *texter) path(raw string, taken int) string {
	if t.style.Width == 0 || t.head == wholePath {
		return show.Quote(raw)
	}
	return shorten(show.Quote(raw), t.style.Width-taken, t.head)
}

// Thirds of the room of a long path. As a rule the end gets two, since it tells files apart.
const (
	leastHead = 1
	wholePath = 3 // nothing is cut
)

// tellApart chooses where long paths are cut so that no two of a set look the same: songs of
// one name differ in their directories. If no cut does, they stay whole.
func (t *texter) tellApart(s *schema.Set) {
	for t.head = leastHead; t.head < wholePath && t.alike(s); t.head++ {
	}
}

func (t *texter) alike(s *schema.Set) bool {
	seen := map[string]bool{}
	for i := range s.Inodes {
		for _, p := range s.Inodes[i].Paths {
			text := t.path(schema.AtHost(s.Host, p.Raw()), inodeTaken)
			if seen[text] {
				return true
			}
			seen[text] = true
		}
	}
	return false
}

// leastPath is the least room that a path or a text gets: less says nothing.
const leastPath = 24

// shorten takes the middle out of a text that takes more than width cells of a terminal;
// the beginning keeps so many thirds of them.
func shorten(text string, width, thirds int) string {
	width = max(width, leastPath)
	if cells(text) <= width {
		return text
	}
	head := (width - 1) * thirds / 3
	return firstCells(text, head) + "…" + lastCells(text, width-1-head)
}

// Fold breaks a text at spaces so that no line takes more than width cells, but for
// words that do. A figure stays with the word behind it.
func Fold(text string, width int, next string) string {
	var b strings.Builder
	for cells(text) > width {
		at := lastBreak(firstCells(text, width+1))
		if at <= 0 {
			at = strings.IndexByte(text, ' ')
		}
		if at <= 0 {
			break
		}
		b.WriteString(text[:at] + next)
		text = text[at+1:]
	}
	return b.String() + text
}

// lastBreak is the last space of a text that does not stand behind a figure, or just the last.
func lastBreak(text string) int {
	last := strings.LastIndexByte(text, ' ')
	for at := last; at > 0; at = strings.LastIndexByte(text[:at], ' ') {
		word := text[strings.LastIndexByte(text[:at], ' ')+1 : at]
		if strings.Trim(word, "(0123456789.,") != "" {
			return at
		}
	}
	return last
}

// hang folds a text that stands at a column of a terminal, and goes on at that.
func hang(text string, width, column int) string {
	return Fold(text, max(leastPath, width-column), "\n"+strings.Repeat(" ", column))
}
