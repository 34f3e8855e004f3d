package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// measureNightly has a copy of the corpus deduplicated with a cache, and then
// compares further runs, which find nothing new, with the bare walk: the same
// listing and the same statx(2) of every file by the same program, which then
// drops them all for their size. Find(1) beside it is a walk by somebody else.
func (c *config) measureNightly(name, dir string) error {
	p, remove, err := c.freshCopy(dir)
	if err != nil {
		return err
	}
	defer remove()
	tools := c.nights()
	if _, _, err := c.execute(c.night(p), p); err != nil {
		return err
	}
	time.Sleep(rest)
	if _, _, err := c.execute(c.night(p), p); err != nil {
		return err
	}
	read, links, err := c.contentRead(p)
	if err != nil {
		return err
	}
	for _, s := range c.states() {
		t := c.newTable(name+" "+s.name+", a night with nothing new", verdict{}, tools)
		t.beside = tools[0].name
		run := func(t tool) (sample, error) {
			taken, _, err := c.executeIn(s, t.scan(p), p)
			return taken, err
		}
		if err := t.fill(c.rounds, run); err != nil {
			return err
		}
		t.print(c.out)
		fmt.Fprintf(c.out, "\n\"Best\" and \"leanest\" are the bare walk. Content read in a night: %d bytes, links made: %d.\n", read, links)
	}
	return nil
}

// nights lists what is compared; the bare walk, to which the others relate, comes first.
func (c *config) nights() []tool {
	return []tool{
		{name: "bare walk", scan: func(p place) []string {
			return []string{c.program, "scan", "-q", "--no-cache", "--min-size", "1048576T", p.corpus}
		}},
		{name: "find -printf", scan: func(p place) []string {
			return []string{"find", p.corpus, "-type", "f", "-size", "+1048576G", "-printf", "%s %i\n"}
		}},
		{name: "oneinode scan", scan: func(p place) []string {
			return []string{c.program, "scan", "-q", "--cache-dir", filepath.Join(p.home, "cache"), p.corpus}
		}},
		{name: "oneinode dedupe", scan: func(p place) []string { return c.night(p) }},
	}
}

func (c *config) night(p place, more ...string) []string {
	return append([]string{c.program, "dedupe", "-q", "--match", "none",
		"--cache-dir", filepath.Join(p.home, "cache"), "--state-dir", filepath.Join(p.home, "state"), p.corpus}, more...)
}

// contentRead returns the bytes of content that a night reads, and the links that it makes.
func (c *config) contentRead(p place) (read, links int64, err error) {
	file := p.out + ".json"
	if _, _, err := c.execute(c.night(p, "-o", file), p); err != nil {
		return 0, 0, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, 0, err
	}
	var d struct {
		Summary struct {
			BytesRead int64 `json:"bytes_read"`
			Linked    int64 `json:"linked"`
		} `json:"summary"`
	}
	return d.Summary.BytesRead, d.Summary.Linked, json.Unmarshal(text, &d)
}
