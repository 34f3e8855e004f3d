package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// state is what the page cache holds before a run.
type state struct {
	name string
	drop bool
}

// states are those that are asked for.
func (c *config) states() (list []state) {
	if c.warm {
		list = append(list, state{"warm", false})
	}
	if c.cold {
		list = append(list, state{"cold", true})
	}
	return list
}

// measure runs every tool in turn, rounds times, and prints the tables. In the
// file known the oracle's verdict is kept, if it is given.
func (c *config) measure(name, dir, known string, tools []tool) error {
	if c.nightly {
		return c.measureNightly(name, dir)
	}
	if c.dedupe {
		return c.measureDedupe(name, dir, tools)
	}
	want, err := c.verdict(dir, known)
	if err != nil {
		return err
	}
	for _, s := range c.states() {
		if !s.drop {
			readAll(dir)
		}
		t := c.newTable(name+" "+s.name, want, tools)
		if err := t.fill(c.rounds, func(t tool) (sample, error) { return c.runScan(t, dir, s) }); err != nil {
			return err
		}
		t.print(c.out)
	}
	return nil
}

func (c *config) runScan(t tool, dir string, now state) (s sample, err error) {
	temp, err := os.MkdirTemp(c.dir, "run-")
	if err != nil {
		return s, err
	}
	defer os.RemoveAll(temp)
	p := place{corpus: dir, home: filepath.Join(temp, "home"), out: filepath.Join(temp, "out")}
	runs := 1
	if t.keeps {
		runs = 2
	}
	for range runs {
		var stdout []byte
		if s, stdout, err = c.executeIn(now, t.scan(p), p); err != nil {
			return s, err
		}
		out, _ := os.ReadFile(p.out) // most tools write none
		s.Answer = judge(t.answer(stdout, out))
	}
	return s, nil
}

// load returns what the machine has to do besides: the load of the last minute.
func load() string {
	text, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

// newTable begins a table.
func (c *config) newTable(title string, want verdict, tools []tool) *table {
	fmt.Fprintln(os.Stderr, "measuring", title)
	return &table{title: title, want: want, tools: tools, load: load(), file: c.samples}
}
