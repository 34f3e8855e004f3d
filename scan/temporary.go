package scan

// TemporaryPrefix begins every temporary name: ".oneinode-" + 8 hex digits of
// the run + "-" + 16 random hex digits, 35 bytes in all, so that it fits in any
// directory beside names of the longest kind.
const TemporaryPrefix = ".oneinode-"

const (
	temporaryRunEnd = len(TemporaryPrefix) + 8
	temporaryLen    = temporaryRunEnd + 1 + 16
)

// TemporaryRun returns the run part of a temporary name, "" for any other name.
func TemporaryRun(base string) string {
	if !isTemporary(base) {
		return ""
	}
	return base[len(TemporaryPrefix):temporaryRunEnd]
}

// isTemporary reports whether base has exactly the form of a temporary name, also for
// names as the kernel gives them. The length decides for nearly all.
func isTemporary[S ~string | ~[]byte](base S) bool {
	return len(base) == temporaryLen &&
		string(base[:len(TemporaryPrefix)]) == TemporaryPrefix &&
		isHex(base[len(TemporaryPrefix):temporaryRunEnd]) &&
		base[temporaryRunEnd] == '-' &&
		isHex(base[temporaryRunEnd+1:])
}

// isHex accepts lower-case digits only, as they are written.
func isHex[S ~string | ~[]byte](s S) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
