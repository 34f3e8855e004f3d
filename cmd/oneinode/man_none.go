//go:build !docs

package main

import "github.com/spf13/cobra"

// extraCommands is for builds of the documentation only.
func extraCommands() []*cobra.Command { return nil }
