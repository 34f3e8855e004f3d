package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/oneinode/oneinode/report/show"
	"github.com/oneinode/oneinode/scan"
)

// readFile opens a file of words and parses it.
func readFile(file string, parse func(io.Reader) ([]string, error)) ([]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, show.PathError(file, err)
	}
	defer f.Close()
	words, err := parse(f)
	if err != nil {
		return nil, show.PathError(file, err)
	}
	return words, nil
}

// readGlobs reads a file of globs, and tells it with a glob that is wrong.
func readGlobs(file string) ([]string, error) {
	globs, err := readFile(file, parseGlobs)
	if err != nil {
		return nil, err
	}
	if _, err := scan.NewFilter(nil, globs); err != nil {
		return nil, show.PathError(file, err)
	}
	return globs, nil
}

// parseGlobs reads one glob a line. Blank lines and lines that begin with # are
// left out; white space around a glob does not belong to it, nor does the mark that
// editors of Windows put before the first one: it would match nothing, and what was to
// be left alone would be linked.
func parseGlobs(r io.Reader) ([]string, error) {
	lines, err := parseLines(r)
	if err != nil {
		return nil, err
	}
	if len(lines) > 0 {
		lines[0] = strings.TrimPrefix(lines[0], "\ufeff")
	}
	var globs []string
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") {
			globs = append(globs, line)
		}
	}
	return globs, nil
}

// parseLines reads names that newlines end. Empty lines are left out. A NUL
// cannot be part of a name: it tells that the list was made for -0.
func parseLines(r io.Reader) ([]string, error) {
	names, err := split(r, '\n')
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		if strings.ContainsRune(name, 0) {
			return nil, fmt.Errorf("there is a NUL in name %d: does it need -0?", i+1)
		}
	}
	return names, nil
}

// parseNulls reads names that NULs end, as find -print0 writes them.
func parseNulls(r io.Reader) ([]string, error) {
	names, err := split(r, 0)
	if err == nil && len(names) == 1 && strings.HasSuffix(names[0], "\n") {
		return nil, errors.New("there is no NUL in it: is -0 meant?")
	}
	return names, err
}

func split(r io.Reader, end byte) ([]string, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var names []string
	for name := range bytes.SplitSeq(text, []byte{end}) {
		if len(name) > 0 {
			names = append(names, string(name))
		}
	}
	return names, nil
}
