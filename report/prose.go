package report

import "strings"

// labels begin the lines of talk; what follows is folded under its own beginning.
var labels = []string{"oneinode: ", "hint: "}

// FoldLines folds each line of what is said for so many columns of a terminal, 0 for any
// number. Lines that begin with a space name a path, and stay whole: it may be copied from there.
func FoldLines(text string, width int) string {
	if width <= 0 {
		return text
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(foldLine(line, width))
	}
	return b.String()
}

func foldLine(line string, width int) string {
	line, ended := strings.CutSuffix(line, "\n")
	if !strings.HasPrefix(line, " ") {
		label := labelOf(line)
		indent := max(2, len(label))
		line = label + hang(line[len(label):], width, indent)
	}
	if ended {
		line += "\n"
	}
	return line
}

func labelOf(line string) string {
	for _, label := range labels {
		if strings.HasPrefix(line, label) {
			return label
		}
	}
	return ""
}
