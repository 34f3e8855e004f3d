package main

import (
	"math"
	"math/big"
	"strings"
	"testing"
	"time"
)

func TestParseSize(t *testing.T) {
	for word, want := range map[string]int64{
		"0": 0, "4096": 4096, "1B": 1, "1K": 1024, "1k": 1024, "1Ki": 1024, "1KiB": 1024, "1KB": 1000, "10M": 10 << 20,
		"1.5GiB": 3 << 29, "1.5G": 3 << 29, "2MB": 2_000_000, "1T": 1 << 40, "1P": 1 << 50, "7E": 7 << 60, "0.5K": 512,
		"9223372036854775807": math.MaxInt64, "0.0001K": 0, "007": 7,
	} {
		if got, err := parseSize(word); err != nil || got != want {
			t.Errorf("parseSize(%q) = %d, %v; want %d", word, got, err, want)
		}
	}
}

func TestParseSizeRefuses(t *testing.T) {
	for _, word := range []string{
		"", "K", "B", "-1", "+1", " 1", "1 ", "1 K", "1Q", "1KK", "1iB", "1Kb1", "1.5", "1.5B", "1.", ".5K", "1..5K", "1e3", "0x10", "1/2K", "1_000",
		"8E", "9223372036854775808", "99999999999999999999E", strings.Repeat("9", 5000), "٣", "1K\x00",
	} {
		got, err := parseSize(word)
		if err == nil {
			t.Errorf("parseSize(%q) = %d, want an error", word, got)
		} else if len(word) < 20 && word != "" && !strings.Contains(err.Error(), strings.Trim(word, "\x00")) {
			t.Errorf("the error does not name %q: %v", word, err)
		}
	}
}

func FuzzParseSize(f *testing.F) {
	for _, word := range []string{"4096", "1.5GiB", "10KB", "1e9", "-1", "0.001T"} {
		f.Add(word)
	}
	f.Fuzz(func(t *testing.T, word string) {
		got, err := parseSize(word)
		if err != nil {
			return
		}
		if got < 0 {
			t.Fatalf("parseSize(%q) = %d", word, got)
		}
		// No unit makes less of a whole number.
		whole, _, _ := strings.Cut(strings.TrimRight(word, "kmgtpeibKMGTPEIB"), ".")
		n, ok := new(big.Int).SetString(whole, 10)
		if !ok || n.IsInt64() && n.Int64() > got {
			t.Fatalf("parseSize(%q) = %d is below its own number", word, got)
		}
	})
}

func TestParseDuration(t *testing.T) {
	const day = 24 * time.Hour
	for word, want := range map[string]time.Duration{
		"0": 0, "90s": 90 * time.Second, "12h": 12 * time.Hour, "7d": 7 * day, "2w": 14 * day, "1w2d12h30m": 9*day + 12*time.Hour + 30*time.Minute,
		"1d500ms": day + 500*time.Millisecond, "1.5h": 90 * time.Minute, "0d": 0, "106751d": 106751 * day,
	} {
		if got, err := parseDuration(word); err != nil || got != want {
			t.Errorf("parseDuration(%q) = %v, %v; want %v", word, got, err, want)
		}
	}
	for _, word := range []string{"", "1", "d", "w", "-1d", "-5s", "+1d", "1d1w", "1d1d", "1.5d", "1y", "soon", "106752d", "15251w", "106751d48h", "99999999999999999999d", "1h2d", "1d-5s"} {
		if got, err := parseDuration(word); err == nil {
			t.Errorf("parseDuration(%q) = %v, want an error", word, got)
		}
	}
}

func FuzzParseDuration(f *testing.F) {
	for _, word := range []string{"90s", "1w2d12h", "-1d", "106751d48h"} {
		f.Add(word)
	}
	f.Fuzz(func(t *testing.T, word string) {
		if got, err := parseDuration(word); err == nil && got < 0 {
			t.Fatalf("parseDuration(%q) = %v", word, got)
		} else if standard, serr := time.ParseDuration(word); serr == nil && standard >= 0 && (err != nil || got != standard) {
			t.Fatalf("parseDuration(%q) = %v, %v; the standard library says %v", word, got, err, standard)
		}
	})
}

func TestLists(t *testing.T) {
	for _, c := range []struct {
		text, lines, nulls, globs string // joined by |; "error" for a refusal
	}{
		{"", "", "", ""},
		{"a\nb\n", "a|b", "error", "a|b"},
		{"a\n\nb", "a|b", "a\n\nb", "a|b"},
		{" a \n#b\n#\n*.c", " a |#b|#|*.c", " a \n#b\n#\n*.c", "a|*.c"},
		{"a\x00b\nc\x00", "error", "a|b\nc", "error"},
		{"a\r\n", "a\r", "error", "a"},
		{"\xff\n", "\xff", "error", "\xff"},
		{"\ufeff*.c\r\n\ufeffb\r\n", "\ufeff*.c\r|\ufeffb\r", "error", "*.c|\ufeffb"},
	} {
		got := func(words []string, err error) string {
			if err != nil {
				return "error"
			}
			return strings.Join(words, "|")
		}
		if s := got(parseLines(strings.NewReader(c.text))); s != c.lines {
			t.Errorf("lines of %q: %q, want %q", c.text, s, c.lines)
		}
		if s := got(parseNulls(strings.NewReader(c.text))); s != c.nulls {
			t.Errorf("nulls of %q: %q, want %q", c.text, s, c.nulls)
		}
		if s := got(parseGlobs(strings.NewReader(c.text))); s != c.globs {
			t.Errorf("globs of %q: %q, want %q", c.text, s, c.globs)
		}
	}
}

// A list without -0 never gives a name with a NUL, one with -0 loses no byte.
func FuzzLists(f *testing.F) {
	f.Add("a\nb")
	f.Add("a\x00b\x00")
	f.Fuzz(func(t *testing.T, text string) {
		if lines, err := parseLines(strings.NewReader(text)); err == nil && strings.ContainsAny(strings.Join(lines, ""), "\n\x00") {
			t.Fatalf("lines %q", lines)
		}
		if names, err := parseNulls(strings.NewReader(text)); err == nil && strings.Join(names, "") != strings.ReplaceAll(text, "\x00", "") {
			t.Fatalf("names %q", names)
		}
	})
}
