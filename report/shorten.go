package report

import "strings"

// path quotes a path and, on a terminal, shortens it in the middle so that it
// fits beside what takes so many columns already.
func (t *texter) path(raw string, taken int) string {
	if t.style.Width == 0 {
		return Quote(raw)
	}
	return shorten(Quote(raw), t.style.Width-taken)
}

// leastPath is the least room that a path gets: less says nothing.
const leastPath = 24

// shorten takes the middle out of a text that takes more than width cells of a terminal.
// The end, which tells files apart, keeps two thirds.
func shorten(text string, width int) string {
	width = max(width, leastPath)
	if cells(text) <= width {
		return text
	}
	head := (width - 1) / 3
	return firstCells(text, head) + "…" + lastCells(text, width-1-head)
}

// fold breaks a text at spaces so that no line takes more than width cells, but for
// words that do.
func fold(text string, width int, next string) string {
	var b strings.Builder
	for cells(text) > width {
		at := strings.LastIndexByte(firstCells(text, width+1), ' ')
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
