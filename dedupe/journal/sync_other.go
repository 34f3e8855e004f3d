//go:build !linux

package journal

import "os"

// dataSync is fsync(2) where nothing leaner is portable.
func dataSync(f *os.File) error { return f.Sync() }
