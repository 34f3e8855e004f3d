package report

import "unicode/utf8"

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

// shorten takes the middle out of a text that is longer than width characters.
// The end, which tells files apart, keeps two thirds.
func shorten(text string, width int) string {
	width = max(width, leastPath)
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	runes := []rune(text)
	head := (width - 1) / 3
	return string(runes[:head]) + "…" + string(runes[len(runes)-(width-1-head):])
}
