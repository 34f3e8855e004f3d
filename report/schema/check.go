package schema

import (
	"errors"
	"fmt"
	"strings"

	"github.com/oneinode/oneinode/hash"
	"github.com/oneinode/oneinode/scan"
)

// Check refuses a set that no run can have written.
func (s *Set) Check() error {
	if s.Size < 0 {
		return fmt.Errorf("size %d is below zero", s.Size)
	}
	if s.Digest != "" { // else nobody asked for it
		if _, err := hash.ParseDigest(s.Digest); err != nil {
			return err
		}
	}
	if len(s.Inodes) < 2 {
		return errors.New("a set has at least two inodes")
	}
	seen := make(map[scan.ID]bool, len(s.Inodes))
	for i := range s.Inodes {
		if err := s.Inodes[i].check(); err != nil {
			return err
		}
		if seen[s.ID(&s.Inodes[i])] {
			return fmt.Errorf("inode %d is there twice", s.Inodes[i].Inode)
		}
		seen[s.ID(&s.Inodes[i])] = true
	}
	if !seen[s.MainKeeper()] {
		return fmt.Errorf("keeper %d is not one of the inodes", s.Keeper)
	}
	return nil
}

func (i *Inode) check() error {
	if len(i.Paths) == 0 {
		return fmt.Errorf("inode %d has no path", i.Inode)
	}
	for _, p := range i.Paths {
		if raw := p.Raw(); raw == "" || strings.ContainsRune(raw, 0) {
			return fmt.Errorf("inode %d: %q cannot be a path", i.Inode, raw)
		}
	}
	return nil
}
