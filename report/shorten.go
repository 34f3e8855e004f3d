package report

import (
	"strings"
	"unicode/utf8"
)

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

// fold breaks a text at spaces so that no line is longer than width characters, but for
// words that are.
func fold(text string, width int, next string) string {
	var b strings.Builder
	for utf8.RuneCountInString(text) > width {
		at := strings.LastIndexByte(firstRunes(text, width+1), ' ')
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

func firstRunes(text string, n int) string {
	for at := range text {
		if n == 0 {
			return text[:at]
		}
		n--
	}
	return text
}
