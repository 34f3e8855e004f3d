//go:build !linux

package scan

// Remote is asked only where there are leases.
func Remote(fd int) bool { return false }

func isRemote(int64) bool { return false }

func countsNoLinks(int64) bool { return false }

// Hosted is for Linux only, as Remote.
func Hosted(fd int) bool { return false }

// OnFUSE is for Linux only: elsewhere files are linked by their names.
func OnFUSE(fd int) bool { return false }
