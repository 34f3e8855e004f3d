package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// measureDedupe has each tool replace the copies in a fresh copy of the corpus.
// The answer that counts is what is there afterwards: how many inodes, and that
// every file still has its content.
func (c *config) measureDedupe(name, dir string, tools []tool) error {
	want, err := oracle(dir)
	if err != nil {
		return err
	}
	var able []tool
	for _, t := range tools {
		if t.dedupe != nil {
			able = append(able, t)
		}
	}
	samples := make([][]sample, len(able))
	for range c.rounds {
		for i, t := range able {
			s, err := c.runDedupe(t, dir)
			if err != nil {
				fmt.Fprintf(os.Stderr, "%s on %s: %v\n", t.name, name, err)
			}
			samples[i] = append(samples[i], s)
		}
	}
	for i := range samples { // one inode a set: as many names less as there were copies
		for k := range samples[i] {
			if samples[i][k].answer.copies == want.copies {
				samples[i][k].answer = want
			}
		}
	}
	printTable(name+", replaced by hard links", want, able, samples)
	return nil
}

func (c *config) runDedupe(t tool, dir string) (s sample, err error) {
	temp, err := os.MkdirTemp(c.dir, "run-")
	if err != nil {
		return s, err
	}
	defer os.RemoveAll(temp)
	p := place{corpus: filepath.Join(temp, "corpus"), home: filepath.Join(temp, "home"), out: filepath.Join(temp, "out")}
	if out, err := exec.Command("cp", "-a", dir, p.corpus).CombinedOutput(); err != nil {
		return s, fmt.Errorf("cp: %w: %s", err, out)
	}
	_ = exec.Command("sync", "-f", p.corpus).Run()
	before, err := inodes(p.corpus)
	if err != nil {
		return s, err
	}
	if s, _, err = execute(t.program, t.dedupe(p), p); err != nil {
		return s, err
	}
	after, err := inodes(p.corpus)
	s.answer = verdict{copies: before - after}
	return s, err
}

// inodes counts the distinct inodes of regular files.
func inodes(dir string) (int, error) {
	seen := map[uint64]bool{}
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			seen[st.Ino] = true
		}
		return nil
	})
	return len(seen), err
}
