//go:build !linux

package hash

// isCold knows nothing here: what is in the page cache cannot be asked.
func isCold(int, int64) bool { return false }

func dropPages(int, int64, int64) {}

func stopReadAhead(int) {}

func readAhead(int) {}

// Stay has nothing to keep here: nothing is dropped.
func Stay(int, int64) (done func()) { return func() {} }
