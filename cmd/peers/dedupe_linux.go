package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// measureDedupe has each tool replace the copies in a fresh copy of the corpus.
// The answer that counts is what is there afterwards: how many inodes, and that
// every path still has its content.
func (c *config) measureDedupe(name, dir string, tools []tool) error {
	before, err := contents(dir)
	if err != nil {
		return err
	}
	var able []tool
	for _, t := range tools {
		if t.dedupe != nil {
			able = append(able, t)
		}
	}
	for _, s := range c.states() {
		t := c.newTable(name+" "+s.name+", replaced by hard links", before.verdict(), able)
		t.flushes = true
		if err := t.fill(c.rounds, func(t tool) (sample, error) { return c.runDedupe(t, dir, before, s) }); err != nil {
			return err
		}
		t.print(c.out)
	}
	return nil
}

func (c *config) runDedupe(t tool, dir string, before content, now state) (s sample, err error) {
	p, remove, err := c.freshCopy(dir)
	if err != nil {
		return s, err
	}
	defer remove()
	if s, _, err = c.executeIn(now, t.dedupe(p), p); err != nil {
		return s, err
	}
	start := time.Now()
	if err := flush(p.corpus); err != nil {
		return s, err
	}
	s.Flush = time.Since(start)
	after, err := contents(p.corpus)
	if err != nil {
		return s, err
	}
	s.Answer = before.judge(after)
	return s, nil
}

// freshCopy copies a corpus to a place of its own, on disk.
func (c *config) freshCopy(dir string) (p place, remove func(), err error) {
	temp, err := os.MkdirTemp(c.dir, "run-")
	if err != nil {
		return p, nil, err
	}
	remove = func() { os.RemoveAll(temp) }
	p = place{corpus: filepath.Join(temp, "corpus"), home: filepath.Join(temp, "home"), out: filepath.Join(temp, "out")}
	out, err := exec.Command("cp", "-a", dir, p.corpus).CombinedOutput()
	if err != nil {
		remove()
		return p, nil, fmt.Errorf("cp: %w: %s", err, out)
	}
	err = flush(p.corpus)
	time.Sleep(rest)
	return p, remove, err
}

// flush has everything on the directory's filesystem on disk.
func flush(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.Syncfs(int(f.Fd()))
}
