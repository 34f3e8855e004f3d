package main

import (
	"errors"
	"fmt"

	"github.com/oneinode/oneinode/report/show"
	"github.com/oneinode/oneinode/scan"
)

// checkLinks says, before anything is read, where files cannot be joined in the
// way that was asked for. It fails if that is so everywhere.
func (r *run) checkLinks() error {
	without, all := r.policy.Without(r.tree)
	for _, fs := range without {
		r.troubles.Note(fmt.Sprintf("%s: its files are left out: they cannot share blocks there; --link hard would work", nameOfMount(&fs)))
	}
	if !all {
		return nil
	}
	return &hintedError{errors.New("no file here is on a filesystem with reflinks"), "--link auto chooses for each filesystem"}
}

// nameOfMount is what a user knows a filesystem by.
func nameOfMount(fs *scan.Filesystem) string {
	name, kind := "a filesystem", "unknown type"
	if fs.Point != "" {
		name = show.Quote(fs.Point)
	}
	if fs.Type != "" {
		kind = fs.Type
	}
	return name + " (" + kind + ")"
}
