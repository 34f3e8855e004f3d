//go:build !linux

package main

import "errors"

func (c *config) measure(string, string, string, []tool) error {
	return errors.New("measuring needs Linux: /proc and drop_caches")
}
