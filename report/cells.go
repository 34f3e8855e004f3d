package report

import "unicode"

// twoCells are the characters that take two cells of a terminal: those of East Asian scripts and
// emoji, by the classes W and F of Unicode's EastAsianWidth.txt. Where these are strewn
// among symbols of one cell the whole stretch counts, since a line may be too short but not too long.
var twoCells = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1100, Hi: 0x115f, Stride: 1}, {Lo: 0x231a, Hi: 0x231b, Stride: 1}, {Lo: 0x2329, Hi: 0x232a, Stride: 1},
		{Lo: 0x23e9, Hi: 0x23f3, Stride: 1}, {Lo: 0x25fd, Hi: 0x25fe, Stride: 1}, {Lo: 0x2614, Hi: 0x27bf, Stride: 1},
		{Lo: 0x2b1b, Hi: 0x2b55, Stride: 1}, {Lo: 0x2e80, Hi: 0xa4cf, Stride: 1}, {Lo: 0xa960, Hi: 0xa97f, Stride: 1},
		{Lo: 0xac00, Hi: 0xd7a3, Stride: 1}, {Lo: 0xf900, Hi: 0xfaff, Stride: 1}, {Lo: 0xfe10, Hi: 0xfe19, Stride: 1},
		{Lo: 0xfe30, Hi: 0xfe6f, Stride: 1}, {Lo: 0xff01, Hi: 0xff60, Stride: 1}, {Lo: 0xffe0, Hi: 0xffe6, Stride: 1},
	},
	R32: []unicode.Range32{{Lo: 0x16fe0, Hi: 0x1b2ff, Stride: 1}, {Lo: 0x1d300, Hi: 0x1d37f, Stride: 1}, {Lo: 0x1f000, Hi: 0x1faff, Stride: 1}, {Lo: 0x20000, Hi: 0x3fffd, Stride: 1}},
}

// cellsOf is how many cells of a terminal a character takes at most.
func cellsOf(r rune) int {
	switch {
	case r == '\u200c' || r == '\u200d' || unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case unicode.Is(twoCells, r):
		return 2
	}
	return 1
}

func cells(text string) (n int) {
	for _, r := range text {
		n += cellsOf(r)
	}
	return n
}

// firstCells is the part of a text that fits into so many cells.
func firstCells(text string, n int) string {
	for at, r := range text {
		if n -= cellsOf(r); n < 0 {
			return text[:at]
		}
	}
	return text
}

// lastCells is the end of a text that fits, without marks whose letter does not.
func lastCells(text string, n int) string {
	more := cells(text) - n
	for at, r := range text {
		if more <= 0 && cellsOf(r) > 0 {
			return text[at:]
		}
		more -= cellsOf(r)
	}
	return ""
}
