package main

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/oneinode/oneinode/report"
)

// nextCommand returns the dedupe that goes with a scan: the same files under
// the same policy. There is none when the PATHs came from standard input, which
// cannot be read again.
func nextCommand(flags *pflag.FlagSet, paths []string) string {
	words := []string{"oneinode", "dedupe"}
	repeatable := true
	flags.Visit(func(f *pflag.Flag) {
		if f.Name == "files-from" && f.Value.String() == "-" {
			repeatable = false
		}
		if saysWhat(f.Name) {
			words = append(words, flagWords(f)...)
		}
	})
	if !repeatable {
		return ""
	}
	if slices.ContainsFunc(paths, func(p string) bool { return strings.HasPrefix(p, "-") }) {
		words = append(words, "--")
	}
	return report.ShellCommand(append(words, paths...)...)
}

// saysWhat reports whether a flag of scan changes what dedupe would do, rather
// than how scan tells of it.
func saysWhat(name string) bool {
	return !slices.Contains([]string{
		"output", "format", "quiet", "verbose", "progress", "color", "log-format", "exit-code", "threads", "device", "find-outside", "no-cache", "cache-dir",
		"max-duration", "max-read", "io-limit", "idle", "metrics",
	}, name)
}

func flagWords(f *pflag.Flag) []string {
	if f.Value.Type() == "bool" {
		if f.Value.String() != "true" {
			return nil
		}
		return []string{"--" + f.Name}
	}
	list, ok := f.Value.(pflag.SliceValue)
	if !ok {
		return []string{"--" + f.Name, f.Value.String()}
	}
	var words []string
	for _, value := range list.GetSlice() {
		words = append(words, "--"+f.Name, value)
	}
	return words
}
