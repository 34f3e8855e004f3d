package saved

import (
	"bufio"
	"bytes"
)

// mark is what editors for Windows put before UTF-8.
const mark = "\ufeff"

const (
	wide   = "it is UTF-16, as some shells write with >, but a saved scan is UTF-8: -o FILE.json writes that"
	packed = "it is compressed: unpack it first"
)

// FormError says what a file is rather than text in UTF-8, and what to do about it.
type FormError struct{ text string }

func (e *FormError) Error() string { return e.text }

// otherBegins tells by its first bytes what is not text in UTF-8, but may well be a saved scan.
var otherBegins = []struct{ bytes, text string }{
	{"\xff\xfe", wide}, {"\xfe\xff", wide}, {"{\x00", wide}, {"\x00{", wide},
	{"\x1f\x8b", packed}, {"\x28\xb5\x2f\xfd", packed}, {"\xfd7zXZ", packed}, {"BZh", packed}, // gzip, zstd, xz, bzip2
}

// textOnly passes over a mark, and says of what else it is no text.
func textOnly(r *bufio.Reader) error {
	start, _ := r.Peek(8) // a file that is shorter is told by its reader
	for _, other := range otherBegins {
		if bytes.HasPrefix(start, []byte(other.bytes)) {
			return &FormError{other.text}
		}
	}
	if bytes.HasPrefix(start, []byte(mark)) {
		_, _ = r.Discard(len(mark)) // it is in the buffer
	}
	return nil
}
