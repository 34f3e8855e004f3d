package journal

import (
	"bytes"
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
	body, whole := bytes.CutSuffix(line, []byte{'\n'})
	if !whole || len(body) < crcLength+1 || body[crcLength] != ' ' {
		return r, errTorn
	}
	var sum [crcLength / 2]byte
	if _, err := hex.Decode(sum[:], body[:crcLength]); err != nil {
		return r, errTorn
	}
	body = body[crcLength+1:]
	want := uint32(sum[0])<<24 | uint32(sum[1])<<16 | uint32(sum[2])<<8 | uint32(sum[3])
	if crc32.Checksum(body, castagnoli) != want || json.Unmarshal(body, &r) != nil {
		return Record{}, errTorn
	}
	return r, nil
}
