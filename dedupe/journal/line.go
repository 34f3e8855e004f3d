package journal

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
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

// countLine is parseLine for Info.count. It decodes no record of the three kinds that make up
// nine tenths of a journal: of them no more counts than that a replacement was announced, and
// whether for the first time. (Within a JSON string the marks could not stand: it escapes quotes.)
func countLine(line []byte) (Record, error) {
	body, err := bodyOf(line)
	switch {
	case err != nil:
		return Record{}, err
	case bytes.HasPrefix(body, []byte(`{"set":`)), bytes.HasPrefix(body, []byte(`{"old":`)):
		return Record{}, nil
	case bytes.HasPrefix(body, []byte(`{"replace":`)):
		return Record{Replace: &Replace{Again: bytes.Contains(body, []byte(`,"again":true`))}}, nil
	}
	return parseLine(line)
}
