package report

import "github.com/rivo/uniseg"

// cells is how many cells of a terminal a text takes.
func cells(text string) int { return uniseg.StringWidth(text) }

// firstCells is the part of a text that fits into so many cells. No character is parted
// from its marks.
func firstCells(text string, n int) string {
	kept, rest, state := 0, text, -1
	for rest != "" {
		var cluster string
		var width int
		cluster, rest, width, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if n -= width; n < 0 {
			break
		}
		kept += len(cluster)
	}
	return text[:kept]
}

// lastCells is the end of a text that fits.
func lastCells(text string, n int) string {
	more, state := cells(text)-n, -1
	for more > 0 && text != "" {
		var width int
		_, text, width, state = uniseg.FirstGraphemeClusterInString(text, state)
		more -= width
	}
	return text
}
