package journal

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
)

// castagnoli is the CRC-32C table: the one that processors compute themselves.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// crcLength is the length of the checksum at the start of a line, in hex digits.
const crcLength = 8

// errTorn says that a line is not whole.
var errTorn = errors.New("torn record")

// appendLine appends the record as a line.
func appendLine(buf []byte, r *Record) ([]byte, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return buf, err
	}
	buf = fmt.Appendf(buf, "%08x ", crc32.Checksum(body, castagnoli))
	buf = append(buf, body...)
	return append(buf, '\n'), nil
}

// parseLine reads a line with its newline. Anything that appendLine cannot have
// written is errTorn.
func parseLine(line []byte) (Record, error) {
	var r Record
	body, err := bodyOf(line)
	if err != nil || json.Unmarshal(body, &r) != nil {
		return Record{}, errTorn
	}
	return r, nil
}

// bodyOf returns the JSON of a line, if the line is whole by its checksum.
func bodyOf(line []byte) ([]byte, error) {
	body, whole := bytes.CutSuffix(line, []byte{'\n'})
	if !whole || len(body) < crcLength+1 || body[crcLength] != ' ' {
		return nil, errTorn
	}
	var sum [crcLength / 2]byte
	if _, err := hex.Decode(sum[:], body[:crcLength]); err != nil {
		return nil, errTorn
	}
	body = body[crcLength+1:]
	if crc32.Checksum(body, castagnoli) != binary.BigEndian.Uint32(sum[:]) {
		return nil, errTorn
	}
	return body, nil
}

// countLine is parseLine for Info.count. It decodes none of the records that make up a journal,
// one for each name, but takes from them what counts: that a replacement was announced, and whether
// for the first time, was done or undone. (Within a JSON string the marks could not stand: it escapes
// quotes.)
func countLine(line []byte) (Record, error) {
	body, err := bodyOf(line)
	is := func(kind string) bool { return bytes.HasPrefix(body, []byte(kind)) }
	switch {
	case err != nil:
		return Record{}, err
	case is(`{"set":`), is(`{"old":`), is(`{"undo":`):
		return Record{}, nil
	case is(`{"replace":`):
		return Record{Replace: &Replace{Again: bytes.Contains(body, []byte(`,"again":true`))}}, nil
	case bytes.Contains(body, []byte(`,"reason":`)): // with a string in it, and of few names
	case is(`{"done":`):
		return Record{Done: &Done{Seq: numberIn(body, `"seq":`), Freed: numberIn(body, `"freed":`)}}, nil
	case is(`{"undone":`):
		return Record{Undone: &Undone{Seq: numberIn(body, `"seq":`), Apart: bytes.Contains(body, []byte(`,"apart":true`))}}, nil
	}
	return parseLine(line)
}

// numberIn is the number behind a key of a line without strings, 0 if there is none.
func numberIn(body []byte, key string) (n int64) {
	_, rest, _ := bytes.Cut(body, []byte(key))
	if end := bytes.IndexAny(rest, ",}"); end > 0 {
		n, _ = strconv.ParseInt(string(rest[:end]), 10, 64)
	}
	return n
}
