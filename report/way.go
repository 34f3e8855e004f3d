package report

import (
	"errors"
	"path/filepath"
)

// stays refuses a file that scan.Follow found if there are links on the way now: between
// the begin of a run and its end lie hours.
func stays(target string) error {
	dir := filepath.Dir(target)
	if now, err := filepath.EvalSymlinks(dir); err != nil || now != dir {
		return errors.Join(err, errors.New("its directory was replaced since the run began"))
	}
	return nil
}
