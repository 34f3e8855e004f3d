//go:build !linux

package extents

// Read cannot tell here: ErrUnknown.
func Read(int, bool, []Extent) ([]Extent, error) { return nil, ErrUnknown }

// ReadAll cannot tell here: ErrUnknown.
func ReadAll(int, bool, []Extent) ([]Extent, error) { return nil, ErrUnknown }
