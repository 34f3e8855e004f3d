package hash

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// digestPrefix names the function, so that another one could come later.
const digestPrefix = "blake3:"

// String writes the digest as every output and the journal do: "blake3:" and 64
// hex digits.
func (d Digest) String() string { return digestPrefix + hex.EncodeToString(d[:]) }

// ParseDigest reads what String wrote.
func ParseDigest(text string) (d Digest, err error) {
	digits, ok := strings.CutPrefix(text, digestPrefix)
	if raw, err := hex.DecodeString(digits); ok && err == nil && len(raw) == len(d) {
		return Digest(raw), nil
	}
	return d, fmt.Errorf("digest %q is not %q and 64 hex digits", text, digestPrefix)
}
