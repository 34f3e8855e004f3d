package main

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

func tomlFault(err error) error {
	if strict, ok := errors.AsType[*toml.StrictMissingError](err); ok {
		var list []string
		for i := range strict.Errors {
			line, _ := strict.Errors[i].Position()
			list = append(list, fmt.Sprintf("line %d: %s", line, unknownKey(strict.Errors[i].Key())))
		}
		return errors.New(strings.Join(list, "; "))
	}
	if bad, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, column := bad.Position()
		if key := bad.Key(); len(key) > 0 && strings.Contains(bad.Error(), "cannot decode") {
			return fmt.Errorf("line %d: %s must be %s", line, key[len(key)-1], valueOf(key))
		}
		return fmt.Errorf("line %d, column %d: %s", line, column, plainTOML(strings.TrimPrefix(bad.Error(), "toml: ")))
	}
	return err
}

// plainTOML says what helps where the library's words do not.
func plainTOML(words string) string {
	switch {
	case strings.HasSuffix(words, "at start of value"):
		return "a value is true, false, a number, a list, or a text in quotes"
	case strings.Contains(words, "array table"):
		return "begin each job with [job.NAME]"
	}
	return words
}

// unknownKey says what may have been meant: [backup] for [job.backup], min_size for min-size.
func unknownKey(key toml.Key) string {
	told := fmt.Sprintf("unknown key %q", strings.Join(key, "."))
	if key[0] != "job" {
		return told + ": begin each job with [job.NAME]"
	}
	if slices.Contains(spokenFlags(), key[len(key)-1]) {
		return told + ": a flag for the command line only"
	}
	if near := meant(asCommands(keyNames()), key[len(key)-1], ""); near != "" {
		return told + ": " + strings.TrimSpace(near)
	}
	return told + ": neither paths, preset, nor a flag of dedupe without its dashes"
}

// spokenFlags are those of dedupe that a job does not take: it has paths of its own, and a
// terminal is nothing that it could know of.
func spokenFlags() []string { return []string{"from", "files-from", "null", "progress", "color"} }

// keyNames are the keys of a job.
func keyNames() (names []string) {
	for key := range new(jobConfig).keys() {
		names = append(names, key)
	}
	return names
}

// valueOf says how the value of a key is written: job, job.NAME or job.NAME.FLAG.
func valueOf(key toml.Key) string {
	if len(key) < 3 {
		return "a table: begin each job with [job.NAME]"
	}
	for name, value := range new(jobConfig).keys() {
		switch {
		case name != key[2]:
		case value.Kind() == reflect.Slice:
			return `a list of texts, as in ["one", "two"]`
		case value.Type() == reflect.TypeFor[*bool]():
			return "true or false"
		}
	}
	return "a text in quotes"
}
