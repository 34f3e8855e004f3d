package show

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Quote makes a file name fit for a person's eyes and terminal: control
// characters, escape sequences, characters that turn the direction of text, and
// bytes that are not UTF-8 are shown as \n, \x1b or \u202e. A backslash is
// doubled, so that two names never look the same and the bytes can be had back.
func Quote(name string) string {
	if isPlain(name) {
		return name
	}
	var b strings.Builder
	for len(name) > 0 {
		r, n := utf8.DecodeRuneInString(name)
		writeQuoted(&b, name[:n], r)
		name = name[n:]
	}
	return b.String()
}

// Escape makes a message fit for a terminal that may hold names in the words of
// the system or of the user: as Quote, but a backslash stays, since names that
// were quoted before have their own.
func Escape(text string) string {
	return strings.ReplaceAll(Quote(text), `\\`, `\`)
}

// isPlain is the quick way out for nearly every name there is.
func isPlain(name string) bool {
	for i := range len(name) {
		if c := name[i]; c < ' ' || c > '~' || c == '\\' {
			return false
		}
	}
	return true
}

func writeQuoted(b *strings.Builder, bytes string, r rune) {
	switch {
	case r == utf8.RuneError && len(bytes) == 1:
		fmt.Fprintf(b, `\x%02x`, bytes[0])
	case r == '\\':
		b.WriteString(`\\`)
	case r == '\n':
		b.WriteString(`\n`)
	case r == '\t':
		b.WriteString(`\t`)
	case r == '\r':
		b.WriteString(`\r`)
	case !IsHostile(r):
		b.WriteString(bytes)
	case r < utf8.RuneSelf:
		fmt.Fprintf(b, `\x%02x`, r)
	case r <= 0xFFFF:
		fmt.Fprintf(b, `\u%04x`, r)
	default:
		fmt.Fprintf(b, `\U%08x`, r)
	}
}

// IsHostile reports whether r can change more than the one cell where it
// stands: controls, line and paragraph separators, and the format characters.
// The joiners U+200C and U+200D are format characters too, but Persian and many
// emoji cannot be written without them.
func IsHostile(r rune) bool {
	if r == '\u200c' || r == '\u200d' {
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// shellSafe are the bytes that no shell gives a meaning to, inside a word.
const shellSafe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+./:,@%"

// inQuotes is what ends a quoted word too early, put outside the quotes: a quote
// everywhere, and a backslash before one in fish.
var inQuotes = strings.NewReplacer(`'`, `'\''`, `\`, `'\\'`)

// ShellQuote makes a word that bash, zsh, ksh and mksh read back as the very
// bytes of s, and that is safe to look at. For every other shell it is one word, too,
// though maybe another one: what is in a name must never become a command.
func ShellQuote(s string) string {
	switch {
	case s != "" && strings.Trim(s, shellSafe) == "":
		return s
	case !hasHostile(s):
		return "'" + inQuotes.Replace(s) + "'"
	}
	var b strings.Builder
	b.WriteString("$'")
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		writeShell(&b, s[:n], r)
		s = s[n:]
	}
	b.WriteString("'")
	return b.String()
}

// writeShell writes hostile characters byte by byte in octal: three digits
// always end where they should, whereas \x may swallow a hex digit that follows.
// So is a quote, since dash knows no $'…': to it \' would end the word.
func writeShell(b *strings.Builder, bytes string, r rune) {
	switch {
	case r == '\\':
		b.WriteString(`\\`)
	case r == '\'' || IsHostile(r) || r == utf8.RuneError && len(bytes) == 1:
		for i := range len(bytes) {
			fmt.Fprintf(b, `\%03o`, bytes[i])
		}
	default:
		b.WriteString(bytes)
	}
}

func hasHostile(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, IsHostile)
}

// ShellCommand joins the words of a command line.
func ShellCommand(words ...string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = ShellQuote(w)
	}
	return strings.Join(quoted, " ")
}
