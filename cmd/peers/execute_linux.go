package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func dropCaches() error {
	unix.Sync()
	return os.WriteFile("/proc/sys/vm/drop_caches", []byte("3"), 0)
}

// executeIn runs a program with the page cache as a state has it.
func (c *config) executeIn(now state, argv []string, p place) (s sample, stdout []byte, err error) {
	if now.drop {
		if err := dropCaches(); err != nil {
			return s, nil, err
		}
	}
	return c.execute(argv, p)
}

// execute runs a program under time(1), whose own memory is too small to show
// in the program's peak as this process' would. A program that ends with an
// error code has still been measured.
func (c *config) execute(argv []string, p place) (s sample, stdout []byte, err error) {
	report := p.out + ".time"
	cmd := exec.Command("/usr/bin/time", append([]string{"-f", "%U %S %M", "-o", report}, argv...)...)
	if err := os.MkdirAll(p.home, 0o755); err != nil {
		return s, nil, err
	}
	cmd.Env = append(os.Environ(), "HOME="+p.home, "XDG_CACHE_HOME="+p.home, "XDG_CONFIG_HOME="+p.home)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // to kill all of it
	var out bytes.Buffer
	cmd.Stdout = &out
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return s, nil, err
	}
	kill := time.AfterFunc(c.limit, func() { _ = unix.Kill(-cmd.Process.Pid, unix.SIGKILL) })
	// The counters of a process are there until it is waited for.
	_ = unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
	s.Wall = time.Since(start)
	s.Read = bytesRead(cmd.Process.Pid)
	inTime := kill.Stop()
	_ = cmd.Wait() // the code says whether duplicates were found, with some
	if !inTime {
		return s, nil, errOver
	}
	return s, out.Bytes(), s.parse(report)
}

// parse reads what time(1) reports.
func (s *sample) parse(report string) error {
	text, err := os.ReadFile(report)
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	fields := strings.Fields(lines[len(lines)-1])
	if len(fields) != 3 {
		return fmt.Errorf("time(1) said %q", text)
	}
	user, _ := strconv.ParseFloat(fields[0], 64)
	system, _ := strconv.ParseFloat(fields[1], 64)
	kib, _ := strconv.ParseInt(fields[2], 10, 64)
	s.CPU, s.Memory = time.Duration((user+system)*1e9), kib<<10
	return nil
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
