//go:build !linux

package hash

import (
	"fmt"

	"github.com/oneinode/oneinode/scan"
)

// diskOf cannot tell here what spins.
func diskOf(fs *scan.Filesystem) disk { return disk{name: fmt.Sprint(fs.Dev)} }
