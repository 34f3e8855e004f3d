package dedupe

import (
	"crypto/rand"
	"encoding/hex"
	"path/filepath"

	"github.com/oneinode/oneinode/scan"
)

// temporaryName makes a fresh name of scan.IsTemporary's form. 64 random bits
// cannot be guessed and planted by somebody else beforehand.
func temporaryName(run string) string {
	var b [8]byte
	rand.Read(b[:])
	return scan.TemporaryPrefix + run + "-" + hex.EncodeToString(b[:])
}

// absolute makes a path independent of the working directory, for the journal.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// absoluteFrom is absolute for many paths: here is the working directory, which
// takes several calls to find out.
func absoluteFrom(here, path string) string {
	if here == "" || filepath.IsAbs(path) {
		return absolute(path)
	}
	return filepath.Join(here, path)
}
