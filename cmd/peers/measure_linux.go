package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// measure runs every tool in turn, rounds times, and prints the tables.
func (c *config) measure(name, dir string, tools []tool) error {
	if c.dedupe {
		return c.measureDedupe(name, dir, tools)
	}
	want, err := oracle(dir)
	if err != nil {
		return err
	}
	for _, state := range []struct {
		name string
		on   bool
		drop bool
	}{{"warm", c.warm, false}, {"cold", c.cold, true}} {
		if !state.on {
			continue
		}
		samples := make([][]sample, len(tools))
		for range c.rounds {
			for i, t := range tools {
				s, err := c.runScan(t, dir, state.drop)
				if err != nil {
					fmt.Fprintf(os.Stderr, "%s on %s: %v\n", t.name, name, err)
				}
				samples[i] = append(samples[i], s)
			}
		}
		printTable(name+" "+state.name, want, tools, samples)
	}
	return nil
}

func (c *config) runScan(t tool, dir string, drop bool) (s sample, err error) {
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
		if drop {
			if err := dropCaches(); err != nil {
				return s, err
			}
		}
		var stdout []byte
		if s, stdout, err = execute(t.program, t.scan(p), p); err != nil {
			return s, err
		}
		out, _ := os.ReadFile(p.out) // most tools write none
		s.answer = judge(t.answer(stdout, out))
	}
	return s, nil
}

func dropCaches() error {
	unix.Sync()
	return os.WriteFile("/proc/sys/vm/drop_caches", []byte("3"), 0)
}

// execute runs a program under time(1), whose own memory is too small to show
// in the program's peak as this process' would. A program that ends with an
// error code has still been measured.
func execute(program string, args []string, p place) (s sample, stdout []byte, err error) {
	report := p.out + ".time"
	cmd := exec.Command("/usr/bin/time", append([]string{"-f", "%U %S %M", "-o", report, program}, args...)...)
	if err := os.MkdirAll(p.home, 0o755); err != nil {
		return s, nil, err
	}
	cmd.Env = append(os.Environ(), "HOME="+p.home, "XDG_CACHE_HOME="+p.home, "XDG_CONFIG_HOME="+p.home)
	var out bytes.Buffer
	cmd.Stdout = &out
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return s, nil, err
	}
	// The counters of a process are there until it is waited for.
	_ = unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
	s.wall = time.Since(start)
	s.read = bytesRead(cmd.Process.Pid)
	_ = cmd.Wait() // the code says whether duplicates were found, with some
	text, err := os.ReadFile(report)
	if err != nil {
		return s, nil, err
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	fields := strings.Fields(lines[len(lines)-1])
	if len(fields) != 3 {
		return s, nil, fmt.Errorf("time(1) said %q", text)
	}
	user, _ := strconv.ParseFloat(fields[0], 64)
	system, _ := strconv.ParseFloat(fields[1], 64)
	kib, _ := strconv.ParseInt(fields[2], 10, 64)
	s.cpu, s.memory = time.Duration((user+system)*1e9), kib<<10
	return s, out.Bytes(), nil
}

// bytesRead returns rchar of a process and the children that it waited for.
func bytesRead(pid int) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "rchar: "); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
			return n
		}
	}
	return 0
}
