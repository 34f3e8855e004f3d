package report

import (
	"strings"
	"testing"
)

// TestFoldLines: what is said breaks between words, under its label; a path in a list stays whole.
func TestFoldLines(t *testing.T) {
	for _, c := range []struct {
		width      int
		text, want string
	}{
		{0, "570 paths with a copy of their own again · 29.2 MiB copied\n", "570 paths with a copy of their own again · 29.2 MiB copied\n"},
		{40, "570 paths with a copy of their own again · 29.2 MiB copied\n", "570 paths with a copy of their own\n  again · 29.2 MiB copied\n"},
		{40, "oneinode: no such file or directory at all here\nhint: make its directory first, then scan anew\n",
			"oneinode: no such file or directory at\n          all here\nhint: make its directory first, then\n      scan anew\n"},
		{41, "12 paths with a copy of their own · 4.6 MiB copied · 0 failed\n", "12 paths with a copy of their own ·\n  4.6 MiB copied · 0 failed\n"},
		{20, "1 2 3 4 5 6 7 8 9 10 11 12\n", "1 2 3 4 5 6 7 8 9 10 11\n  12\n"},
		{40, "  /srv/a directory with a long name/file\nend", "  /srv/a directory with a long name/file\nend"},
		{40, "", ""},
		{1, "a word of many and many words\n", "a word of many and many\n  words\n"},
	} {
		if got := FoldLines(c.text, c.width); got != c.want {
			t.Errorf("%d columns:\n%s\nwant\n%s", c.width, got, c.want)
		}
	}
	for line := range strings.Lines(FoldLines("oneinode: "+strings.Repeat("wort für wort ", 40), 80)) {
		if cells(strings.TrimSuffix(line, "\n")) > 80 {
			t.Errorf("too long: %q", line)
		}
	}
}
