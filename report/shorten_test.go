package report

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/oneinode/oneinode/report/sample"
	"github.com/oneinode/oneinode/report/schema"
)

func TestShorten(t *testing.T) {
	long := "/srv/" + strings.Repeat("verzeichnis/", 20) + "datei.jpg"
	for width := -1; width < 300; width++ {
		got := shorten(long, width, leastHead)
		if n := utf8.RuneCountInString(got); n > max(width, leastPath) {
			t.Fatalf("width %d: %d characters", width, n)
		}
		if !strings.HasPrefix(got, "/srv/v") || !strings.HasSuffix(got, "/datei.jpg") {
			t.Fatalf("width %d: %q", width, got)
		}
	}
	if got := shorten("日本語"+strings.Repeat("ö", 40), 30, leastHead); got != "日本語ööö…"+strings.Repeat("ö", 20) {
		t.Errorf("%q", got)
	}
}

// TestShortenCountsCells: what takes two columns of a terminal counts twice, what takes none not at all,
// and no mark goes to another letter, nor is an emoji of several characters parted.
func TestShortenCountsCells(t *testing.T) {
	for text, want := range map[string]string{
		strings.Repeat("漢", 12):         strings.Repeat("漢", 12),
		strings.Repeat("漢", 13):         "漢漢漢…漢漢漢漢漢漢漢漢",
		strings.Repeat("e\u0301", 24):   strings.Repeat("e\u0301", 24),
		strings.Repeat("e\u0301", 25):   strings.Repeat("e\u0301", 7) + "…" + strings.Repeat("e\u0301", 16),
		"/d/" + strings.Repeat("💾", 20): "/d/💾💾…💾💾💾💾💾💾💾💾",
		strings.Repeat("👨\u200d👩", 12):  strings.Repeat("👨\u200d👩", 12),
		strings.Repeat("👨\u200d👩", 13):  strings.Repeat("👨\u200d👩", 3) + "…" + strings.Repeat("👨\u200d👩", 8),
		strings.Repeat("ｶﾞ", 12):        strings.Repeat("ｶﾞ", 12),
	} {
		if got := shorten(text, 24, leastHead); got != want || cells(got) > 24 {
			t.Errorf("%q: %q of %d cells, want %q", text, got, cells(got), want)
		}
	}
}

// TestOnlyTerminalsShorten: a script that reads the text gets whole paths.
func TestOnlyTerminalsShorten(t *testing.T) {
	deep := strings.Repeat("directory/", 30) + "file"
	src := sample.OneSet("h", "/", 1, sample.Inode(1, schema.ActionKeep, 1, deep), sample.Inode(2, schema.ActionLink, 1, deep+"2"))
	if text := render(t, src, FormatText, Style{}); !strings.Contains(text, deep+"2\n") {
		t.Errorf("shortened in a pipe:\n%s", text)
	}
	for line := range strings.Lines(render(t, src, FormatText, Style{Width: 60})) {
		if strings.Contains(line, "directory") && utf8.RuneCountInString(line) > 61 {
			t.Errorf("too long: %q", line)
		}
	}
}

// TestPathsOfASetDiffer: files of one long name in several directories can be told apart.
func TestPathsOfASetDiffer(t *testing.T) {
	name := "/" + strings.Repeat("long title ", 8) + ".flac"
	for _, c := range []struct {
		a, b, want string
		width      int
	}{
		{"/home/me/Music/a" + name, "/home/me/Music/b" + name, "/home/me/Music/b/long title…ng title .flac\n", 50},
		{"/m/a.flac", "/m/b" + name, "/m/b/long …title long title .flac\n", 41},
		{strings.Repeat("x", 80) + "/a" + name, strings.Repeat("x", 80) + "/b" + name, strings.Repeat("x", 80) + "/b" + name + "\n", 50},
	} {
		src := sample.OneSet("h", "/", 1, sample.Inode(1, schema.ActionKeep, 1, c.a), sample.Inode(2, schema.ActionLink, 1, c.b))
		if text := render(t, src, FormatText, Style{Width: c.width}); !strings.Contains(text, "  link  "+c.want) {
			t.Errorf("no %q in\n%s", c.want, text)
		}
	}
}

func TestFold(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{
		{"", 10, ""},
		{"one two", 7, "one two"},
		{"one two", 6, "one|two"},
		{"one · two", 7, "one ·|two"},
		{"a word-that-is-long b", 6, "a|word-that-is-long|b"},
		{"word-that-is-long", 6, "word-that-is-long"},
		{"ü ü ü", 3, "ü ü|ü"},
		{"  x", 2, " |x"},
		{" word", 2, " word"},
		{"漢 漢 漢", 5, "漢 漢|漢"},
	} {
		if got := Fold(c.text, c.width, "|"); got != c.want {
			t.Errorf("%q in %d: %q, want %q", c.text, c.width, got, c.want)
		}
	}
}

// On a terminal no row of the sums is cut in the middle of a word.
func TestTextRowsFit(t *testing.T) {
	text := render(t, sample.Scan(), FormatText, Style{Width: 50})
	for line := range strings.Lines(text[strings.Index(text, "\nfiles ")+1:]) {
		if utf8.RuneCountInString(line) > 50+1 {
			t.Errorf("too long: %q", line)
		}
	}
	if !strings.Contains(text, "\n"+strings.Repeat(" ", labelWidth)+"1 directory · 1.0 GiB\n") {
		t.Errorf("no row goes on below its first line:\n%s", text)
	}
}

// TestNotesFit: what is special about a file stands behind its path or, where that is too narrow,
// below it, between words.
func TestNotesFit(t *testing.T) {
	link := sample.Inode(2, schema.ActionLink, 3, "/srv/a/second copy")
	src := sample.OneSet("h", "/srv", 1, sample.Inode(1, schema.ActionKeep, 2, "/srv/a/first"), link)
	for width, want := range map[int][]string{
		0:  {"  link  /srv/a/second copy  (2 names outside the given paths: nothing is freed unless they are scanned too)\n"},
		60: {"  keep  /srv/a/first  (1 name outside the given paths)\n", "  link  /srv/a/second copy\n        (2 names outside the given paths: nothing is freed\n        unless they are scanned too)\n"},
		53: {"  keep  /srv/a/first\n        (1 name outside the given paths)\n"},
	} {
		text := render(t, src, FormatText, Style{Width: width})
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%d columns: no %q in\n%s", width, w, text)
			}
		}
		for line := range strings.Lines(text) {
			if width > 0 && cells(strings.TrimSuffix(line, "\n")) > width {
				t.Errorf("%d columns: too wide: %s", width, line)
			}
		}
	}
}
