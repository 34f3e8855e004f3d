package dedupe

import (
	"crypto/rand"
	"encoding/hex"
	"strings"

	"github.com/oneinode/oneinode/scan"
)

// TemporaryRun is the part of a run's id that its temporary names carry.
func TemporaryRun(id string) string { return id[strings.LastIndexByte(id, '-')+1:] }

// temporaryName makes a fresh name of the form of scan.TemporaryPrefix. 64 random bits
// cannot be guessed and planted by somebody else beforehand.
func temporaryName(run string) string {
	var b [8]byte
	rand.Read(b[:])
	return scan.TemporaryPrefix + run + "-" + hex.EncodeToString(b[:])
}

// spare makes the second temporary name out of the first, for filesystems
// without exchange, so that the journal knows both.
func spare(tmp string) string { return turn(tmp, 8) }

// unfinished makes the name that a copy is written under where a file must have one.
func unfinished(tmp string) string { return turn(tmp, 4) }

// finished makes the temporary name again out of that of its copy.
func finished(name string) string { return turn(name, 16-4) }

// beside is the path of another name in the same directory.
func beside(path, base string) string { return path[:len(path)-len(baseOf(path))] + base }

// turn changes the last digit.
func turn(tmp string, by int) string {
	const digits = "0123456789abcdef"
	last := strings.IndexByte(digits, tmp[len(tmp)-1])
	return tmp[:len(tmp)-1] + string(digits[(last+by)%16])
}

// absolute makes a path independent of the working directory, for the journal.
func absolute(path string) string {
	if abs, err := scan.Absolute(path); err == nil {
		return abs
	}
	return path
}

// absoluteFrom is absolute for many paths: here is the working directory, which
// takes several calls to find out. With "..", it may be another one.
func absoluteFrom(here, path string) string {
	if here == "" || strings.HasPrefix(path, "/") || strings.Contains(path, "..") {
		return absolute(path)
	}
	return scan.CleanPath(here + "/" + path)
}
