//go:build !linux

package hash

// isCold knows nothing here: what is in the page cache cannot be asked.
func isCold(int, int64) bool { return false }

func dropPages(int, int64, int64) {}

func readAhead(int, bool) {}
