package show

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/oneinode/oneinode/report/sample"
)

func TestQuote(t *testing.T) {
	for name, want := range map[string]string{
		"plain.txt":     "plain.txt",
		"with space":    "with space",
		"日本語 é 💾":       "日本語 é 💾",
		"new\nline":     `new\nline`,
		"a\tb\rc":       `a\tb\rc`,
		"\x1b[31m":      `\x1b[31m`,
		"\x00\x7f":      `\x00\x7f`,
		"inv\xffalid":   `inv\xffalid`,
		"cut\xe2\x82":   `cut\xe2\x82`,
		"\u009b31m":     `\u009b31m`,
		"x\u202egpj":    `x\u202egpj`,
		"\u2066\u2069":  `\u2066\u2069`,
		"\u2028":        `\u2028`,
		"\ufeffbom":     `\ufeffbom`,
		"\U000e0041":    `\U000e0041`,
		`back\slash`:    `back\\slash`,
		"man\u200dwife": "man\u200dwife",
		"\ufffd":        "\ufffd",
		"":              "",
	} {
		if got := Quote(name); got != want {
			t.Errorf("Quote(%q) = %s, want %s", name, got, want)
		}
	}
}

// unquote reverses Quote: Go's own escapes are a superset of ours.
func unquote(t *testing.T, quoted string) string {
	t.Helper()
	name, err := strconv.Unquote(`"` + strings.ReplaceAll(quoted, `"`, `\"`) + `"`)
	if err != nil {
		t.Fatalf("%q cannot be unquoted: %v", quoted, err)
	}
	return name
}

func FuzzQuote(f *testing.F) {
	for _, name := range sample.Hostile {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		quoted := Quote(name)
		for _, r := range quoted {
			if unicode.IsControl(r) || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 {
				t.Fatalf("Quote(%q) lets %U through", name, r)
			}
		}
		if got := unquote(t, quoted); got != name {
			t.Fatalf("Quote(%q) = %s, which means %q", name, quoted, got)
		}
	})
}

func TestShellQuote(t *testing.T) {
	for word, want := range map[string]string{
		"plain/x-1.txt": "plain/x-1.txt",
		"":              "''",
		"two words":     "'two words'",
		"it's":          `'it'\''s'`,
		"$(x)":          "'$(x)'",
		"a=b":           "'a=b'",
		"new\nline'\\":  `$'new\012line\047\\'`,
		`a\b`:           `'a'\\'b'`,
		"\xff1":         `$'\3771'`,
		"日本":            "'日本'",
	} {
		if got := ShellQuote(word); got != want {
			t.Errorf("ShellQuote(%q) = %s, want %s", word, got, want)
		}
	}
}

// The shell itself is the judge of what was quoted for it.
func TestShellQuoteIsReadBackByBash(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash here to read the words back")
	}
	script := "printf '%s\\0' " + ShellCommand(sample.Hostile...)
	out, err := exec.Command(bash, "-c", script).CombinedOutput()
	if err != nil {
		t.Fatalf("bash: %v: %s", err, out)
	}
	if want := strings.Join(sample.Hostile, "\x00") + "\x00"; string(out) != want {
		t.Errorf("bash read %q,\nwant %q", out, want)
	}
}

// What a name must not do: be a command in a shell that reads a quoted word in its own way.
func TestShellQuoteIsOneWordElsewhere(t *testing.T) {
	ran := filepath.Join(t.TempDir(), "ran")
	for _, shell := range []string{"dash", "fish", "busybox"} {
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("no %s here", shell)
			continue
		}
		for _, before := range []string{"\x1b'", "\x1b\\'", "\\'", "'", "\xff''", "\\", "\x1b\\"} {
			script := ShellCommand(":", before+";touch "+ran+" #", before, ";touch "+ran+" #")
			words := []string{path, "-c", script}
			if shell == "busybox" {
				words = []string{path, "sh", "-c", script}
			}
			_ = exec.Command(words[0], words[1:]...).Run() // it may well refuse the line
			if _, err := os.Lstat(ran); err == nil {
				t.Fatalf("%s: %q was run: %s", shell, before, script)
			}
		}
	}
}
