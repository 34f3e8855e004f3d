package schema

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/oneinode/oneinode/scan"
)

// Path is a file name in a document. Names are bytes, JSON strings are not: a
// name that is not UTF-8 travels in B64, and then Text is for reading only.
type Path struct {
	Text string `json:"path"`
	B64  []byte `json:"path_b64,omitempty"`
}

// NewPath makes a Path of the bytes that the kernel gave.
func NewPath(raw string) Path {
	if utf8.ValidString(raw) {
		return Path{Text: raw}
	}
	return Path{Text: strings.ToValidUTF8(raw, "\uFFFD"), B64: []byte(raw)}
}

// Raw returns the very bytes of the name.
func (p Path) Raw() string {
	if len(p.B64) > 0 {
		return string(p.B64)
	}
	return p.Text
}

// In returns a path that may be relative as it is called from anywhere, if the directory
// is known that it begins in.
func (p Path) In(base string) Path {
	raw := p.Raw()
	switch {
	case strings.HasPrefix(raw, "/"):
		return NewPath(scan.CleanPath(raw))
	case base == "":
		return p
	}
	return NewPath(scan.CleanPath(strings.TrimSuffix(base, "/") + "/" + raw))
}

// Time is nanoseconds since 1970 UTC, as in scan.Stat. In text it is RFC 3339
// with all nine digits, so that equal times are equal strings.
type Time int64

const timeLayout = "2006-01-02T15:04:05.000000000Z"

// TimeOf converts from the standard type.
func TimeOf(t time.Time) Time { return Time(t.UnixNano()) }

// MarshalText writes RFC 3339 in UTC.
func (t Time) MarshalText() ([]byte, error) {
	return time.Unix(0, int64(t)).UTC().AppendFormat(nil, timeLayout), nil
}

// UnmarshalText reads RFC 3339 of any zone. Times that nanoseconds in an int64
// cannot hold (before 1677, after 2262) are refused.
func (t *Time) UnmarshalText(text []byte) error {
	at, err := time.Parse(time.RFC3339Nano, string(text))
	if err != nil {
		return fmt.Errorf("%q is not a time as in 2006-01-02T15:04:05Z", text)
	}
	if at.Before(time.Unix(0, math.MinInt64)) || at.After(time.Unix(0, math.MaxInt64)) {
		return fmt.Errorf("time %q is out of range", text)
	}
	*t = TimeOf(at)
	return nil
}

// Mode is the twelve permission bits of st_mode; in text it is octal: "0644".
type Mode uint32

// ModeOf takes them out of st_mode.
func ModeOf(st uint32) Mode { return Mode(st & scan.Permissions) }

// MarshalText writes four octal digits.
func (m Mode) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%04o", uint32(m)&scan.Permissions), nil
}

// UnmarshalText reads octal digits.
func (m *Mode) UnmarshalText(text []byte) error {
	bits, err := strconv.ParseUint(string(text), 8, 32)
	if err != nil || bits > scan.Permissions {
		return fmt.Errorf("%q is not a file mode as in 0644", text)
	}
	*m = Mode(bits)
	return nil
}
