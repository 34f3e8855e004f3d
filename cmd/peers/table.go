package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// sample is one run of a tool.
type sample struct {
	Wall, CPU time.Duration
	Memory    int64 // bytes, at its peak
	Read      int64 // bytes that read(2) and its kin returned
	Answer    verdict
	Flush     time.Duration // to have on disk what the tool left to do
}

// table is what every tool took for the same work.
type table struct {
	title   string
	want    verdict
	tools   []tool
	samples [][]sample // by tool
	over    []bool     // took too long
	file    string     // of all samples, "" for none
	load    string     // of the machine, before
	flushes bool       // show what is left to flush
	// beside is the tool to whose figures those of others relate: the best peer
	// with a right answer if it is empty.
	beside string
}

// fill runs the tools in turn. One that took too long once is not run again.
func (t *table) fill(rounds int, run func(tool) (sample, error)) error {
	t.samples, t.over = make([][]sample, len(t.tools)), make([]bool, len(t.tools))
	if err := t.recall(); err != nil {
		return err
	}
	for range rounds {
		for i, tool := range t.tools {
			if t.over[i] {
				continue
			}
			s, err := run(tool)
			if err != nil {
				fmt.Fprintf(os.Stderr, "%s on %s: %v\n", tool.name, t.title, err)
				s.Answer = verdict{Note: err.Error()}
			}
			t.over[i] = errors.Is(err, errOver)
			t.samples[i] = append(t.samples[i], s)
			if err := t.keep(tool, s, t.over[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// print prints medians, and their ratios to the reference.
func (t *table) print(out io.Writer) {
	rows, runs := make([]sample, len(t.tools)), 0
	for i := range t.tools {
		rows[i] = median(t.samples[i])
		runs = max(runs, len(t.samples[i]))
	}
	best := t.reference(rows)
	fmt.Fprintf(out, "\n### %s\n\n%s; medians of %d; load before: %s\n\n", t.title, t.want, runs, t.load)
	fmt.Fprintln(out, t.line("tool", "s", "CPU s", "memory MiB", "read MiB", "s × best", "CPU × best", "memory × leanest", "answer", "flush s"))
	fmt.Fprintln(out, t.line("---", "---:", "---:", "---:", "---:", "---:", "---:", "---:", "---", "---:"))
	for i, tool := range t.tools {
		r := rows[i]
		fmt.Fprintln(out, t.line(tool.name, seconds(r.Wall), seconds(r.CPU), fmt.Sprintf("%.1f", mib(r.Memory)), fmt.Sprintf("%.0f", mib(r.Read)),
			ratio(r.Wall, best.Wall), ratio(r.CPU, best.CPU), ratio(r.Memory, best.Memory), t.answer(r), seconds(r.Flush)))
	}
}

// line joins cells, without the last one where nothing is flushed.
func (t *table) line(cells ...string) string {
	if !t.flushes {
		cells = cells[:len(cells)-1]
	}
	return "| " + strings.Join(cells, " | ") + " |"
}

func (t *table) answer(r sample) string {
	if r.Answer == t.want {
		return "right"
	}
	return "other: " + r.Answer.String()
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()) }

// reference is what the ratios relate to.
func (t *table) reference(rows []sample) sample {
	for i, tool := range t.tools {
		if tool.name == t.beside {
			return rows[i]
		}
	}
	return t.bestPeer(rows)
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

func ratio[T int64 | time.Duration](a, b T) string {
	if b <= 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", float64(a)/float64(b))
}

// bestPeer has the least of each figure among the peers with a right answer.
func (t *table) bestPeer(rows []sample) (best sample) {
	for i, tool := range t.tools {
		r := rows[i]
		if strings.HasPrefix(tool.name, "oneinode") || r.Answer != t.want || r.Wall == 0 {
			continue
		}
		if best.Wall == 0 {
			best = r
		}
		best.Wall, best.CPU, best.Memory = min(best.Wall, r.Wall), min(best.CPU, r.CPU), min(best.Memory, r.Memory)
	}
	return best
}

// errOver says that a tool was killed because it took too long.
var errOver = errors.New("took longer than -limit allows")

// median takes each figure's median for itself. An answer that was different
// once is different.
func median(list []sample) (m sample) {
	if len(list) == 0 {
		return m
	}
	m.Answer = list[0].Answer
	for _, s := range list {
		if s.Answer != m.Answer {
			m.Answer = verdict{Note: "not always the same"}
		}
	}
	m.Flush = middle(list, func(s sample) time.Duration { return s.Flush })
	m.Wall = middle(list, func(s sample) time.Duration { return s.Wall })
	m.CPU = middle(list, func(s sample) time.Duration { return s.CPU })
	m.Memory = middle(list, func(s sample) int64 { return s.Memory })
	m.Read = middle(list, func(s sample) int64 { return s.Read })
	return m
}

func middle[T cmp.Ordered](list []sample, field func(sample) T) T {
	values := make([]T, len(list))
	for i, s := range list {
		values[i] = field(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
