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
	wall, cpu time.Duration
	memory    int64 // bytes, at its peak
	read      int64 // bytes that read(2) and its kin returned
	answer    verdict
	flush     time.Duration // to have on disk what the tool left to do
}

// table is what every tool took for the same work.
type table struct {
	title   string
	want    verdict
	tools   []tool
	samples [][]sample // by tool
	load    string     // of the machine, before
	flushes bool       // show what is left to flush
	// beside is the tool to whose figures those of others relate: the best peer
	// with a right answer if it is empty.
	beside string
}

// fill runs the tools in turn. One that took too long once is not run again.
func (t *table) fill(rounds int, run func(tool) (sample, error)) {
	t.samples = make([][]sample, len(t.tools))
	over := make([]bool, len(t.tools))
	for range rounds {
		for i, tool := range t.tools {
			if over[i] {
				continue
			}
			s, err := run(tool)
			if err != nil {
				fmt.Fprintf(os.Stderr, "%s on %s: %v\n", tool.name, t.title, err)
				s.answer = verdict{note: err.Error()}
			}
			over[i] = errors.Is(err, errOver)
			t.samples[i] = append(t.samples[i], s)
		}
	}
}

// print prints medians, and their ratios to the best peer with a right answer.
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
		fmt.Fprintln(out, t.line(tool.name, seconds(r.wall), seconds(r.cpu), fmt.Sprintf("%.1f", mib(r.memory)), fmt.Sprintf("%.0f", mib(r.read)),
			ratio(r.wall, best.wall), ratio(r.cpu, best.cpu), ratio(r.memory, best.memory), t.answer(r), seconds(r.flush)))
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
	if r.answer == t.want {
		return "right"
	}
	return "other: " + r.answer.String()
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()) }

// reference is what the ratios relate to.
func (t *table) reference(rows []sample) sample {
	for i, tool := range t.tools {
		if tool.name == t.beside {
			return rows[i]
		}
	}
	return bestPeer(t.want, t.tools, rows)
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

func ratio[T int64 | time.Duration](a, b T) string {
	if b <= 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", float64(a)/float64(b))
}

// bestPeer has the least of each figure among the peers with a right answer.
func bestPeer(want verdict, tools []tool, rows []sample) (best sample) {
	for i, t := range tools {
		r := rows[i]
		if strings.HasPrefix(t.name, "oneinode") || r.answer != want || r.wall == 0 {
			continue
		}
		if best.wall == 0 {
			best = r
		}
		best.wall, best.cpu, best.memory = min(best.wall, r.wall), min(best.cpu, r.cpu), min(best.memory, r.memory)
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
	m.answer = list[0].answer
	for _, s := range list {
		if s.answer != m.answer {
			m.answer = verdict{note: "not always the same"}
		}
	}
	m.flush = middle(list, func(s sample) time.Duration { return s.flush })
	m.wall = middle(list, func(s sample) time.Duration { return s.wall })
	m.cpu = middle(list, func(s sample) time.Duration { return s.cpu })
	m.memory = middle(list, func(s sample) int64 { return s.memory })
	m.read = middle(list, func(s sample) int64 { return s.read })
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
