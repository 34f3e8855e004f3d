//go:build !linux

package extents

// Read cannot tell here: ErrUnknown.
func Read(int, Flush, []Extent) ([]Extent, error) { return nil, ErrUnknown }

// ReadAll cannot tell here: ErrUnknown.
func ReadAll(int, Flush, []Extent) ([]Extent, error) { return nil, ErrUnknown }
