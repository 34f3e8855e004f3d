package saved

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/oneinode/oneinode/report/sample"
)

// TestBegins: a mark before the text changes nothing, and what another program has made of the
// text is told in words.
func TestBegins(t *testing.T) {
	object, lines := written(t, WriteJSON, sample.Scan()), written(t, WriteNDJSON, sample.Scan())
	for _, c := range []struct{ name, text, want string }{
		{"mark", mark + object, ""},
		{"mark before lines", mark + lines, ""},
		{"mark alone", mark, "cut off or empty"},
		{"little endian", "\xff\xfe" + utf16Of(binary.LittleEndian, object), "UTF-16"},
		{"big endian", "\xfe\xff" + utf16Of(binary.BigEndian, lines), "UTF-16"},
		{"no mark", utf16Of(binary.LittleEndian, lines), "UTF-16"},
		{"gzip", "\x1f\x8b\x08\x00", "compressed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "x.json")
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := Open(file)
			if err == nil {
				defer f.Close()
			}
			checkBegin(t, "Open", err, c.want)
			if c.text != mark+lines { // Read takes no lines
				_, err := Read(strings.NewReader(c.text))
				checkBegin(t, "Read", err, c.want)
			}
		})
	}
}

func checkBegin(t *testing.T, what string, err error, want string) {
	t.Helper()
	if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
		t.Errorf("%s: %v, want %q", what, err, want)
	}
}

func utf16Of(order binary.AppendByteOrder, text string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}
