package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// parsed is a flag whose word is checked by a function of its own as soon as it
// is read, so that a wrong word is told with the name of its flag.
type parsed[T any] struct {
	word  string
	value T
	given bool   // by the user, or by a job's file
	kind  string // in the help
	parse func(string) (T, error)
	words []string // all that parse takes, where that can be listed
	once  bool     // a second word is a fault: which of them counts would be a guess
}

// kindList is the kind of a flag that takes several words with commas.
const kindList = "LIST"

func newParsed[T any](kind, word string, value T, parse func(string) (T, error)) parsed[T] {
	return parsed[T]{word: word, value: value, kind: kind, parse: parse}
}

// newChoice takes one of some words.
func newChoice[T ~string](kind string, word T, words []string) parsed[T] {
	parse := func(word string) (T, error) { return T(word), oneOf(word, words) }
	return newParsed(kind, string(word), word, parse).of(words)
}

// of lists the words there are, for those who complete command lines.
func (p parsed[T]) of(words []string) parsed[T] {
	p.words = words
	return p
}

// unique refuses a second word, where taking the last would give up a rule that
// the first one asked for.
func (p parsed[T]) unique() parsed[T] {
	p.once = true
	return p
}

// forget lets another word take the place of the first.
func (p *parsed[T]) forget() { p.given = false }

func (p *parsed[T]) offers() []string { return p.words }

func (p *parsed[T]) takes(word string) bool {
	_, err := p.parse(word)
	return err == nil
}

// wordsTo lists the words of an enumeration up to its last value.
func wordsTo[T interface {
	~uint8
	fmt.Stringer
}](last T) []string {
	var words []string
	for v := range last + 1 {
		words = append(words, v.String())
	}
	return words
}

// oneOf refuses a word that is not listed.
func oneOf(word string, words []string) error {
	if slices.Contains(words, word) {
		return nil
	}
	return fmt.Errorf("%q is not one of %s", word, strings.Join(words, ", "))
}

// Set takes the word.
func (p *parsed[T]) Set(word string) error {
	value, err := p.parse(word)
	if err == nil && p.once && p.given && word != p.word {
		return p.twice(word)
	}
	if err == nil {
		p.word, p.value, p.given = word, value, true
	}
	return err
}

func (p *parsed[T]) twice(word string) error {
	if p.kind == kindList {
		return fmt.Errorf("given twice, %s and %s: give one list, with commas", p.word, word)
	}
	return fmt.Errorf("given twice, %s and %s", p.word, word)
}

func (p *parsed[T]) String() string { return p.word }

// Type is what the help shows for the flag's word.
func (p *parsed[T]) Type() string { return p.kind }

type (
	sizeFlag     = parsed[int64]
	durationFlag = parsed[time.Duration]
	numberFlag   = parsed[int]
)

// newNumber takes whole numbers from least on; 0 stands for "not given".
func newNumber(least int) numberFlag { return newRange(least, math.MaxInt32) }

// newRange takes whole numbers from least to most.
func newRange(least, most int) numberFlag {
	return newParsed("N", "", 0, func(word string) (int, error) { return parseNumber(word, least, most) })
}
