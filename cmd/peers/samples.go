package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
)

// kept is a sample in the file of -samples, a line each: so a measurement that
// takes long can be made in parts, and the medians are those of all of them.
type kept struct {
	Title, Tool string
	Sample      sample
	Sum         []byte // of the answer
	Over        bool   // killed for taking too long
}

// recall adds to a table what earlier parts have measured.
func (t *table) recall() error {
	f, err := os.Open(t.file)
	if errors.Is(err, os.ErrNotExist) || t.file == "" {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	for dec := json.NewDecoder(f); ; {
		var k kept
		if err := dec.Decode(&k); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		copy(k.Sample.Answer.sum[:], k.Sum)
		for i, tool := range t.tools {
			if k.Title == t.title && k.Tool == tool.name {
				t.samples[i] = append(t.samples[i], k.Sample)
				t.over[i] = t.over[i] || k.Over
			}
		}
	}
}

// keep appends a sample.
func (t *table) keep(tool tool, s sample, over bool) error {
	if t.file == "" {
		return nil
	}
	line, err := json.Marshal(kept{t.title, tool.name, s, s.Answer.sum[:], over})
	if err != nil {
		return err
	}
	f, err := os.OpenFile(t.file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Write(append(line, '\n'))
	return err
}
