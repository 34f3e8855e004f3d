package main

import (
	"cmp"
	"fmt"
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
}

// printTable prints medians, and their ratios to the best peer with a right
// answer. Oneinode is no peer of its own.
func printTable(title string, want verdict, tools []tool, samples [][]sample) {
	rows := make([]sample, len(tools))
	for i := range tools {
		rows[i] = median(samples[i])
	}
	best := bestPeer(want, tools, rows)
	fmt.Printf("\n### %s\n\n%s; medians of %d\n\n", title, want, len(samples[0]))
	fmt.Println("| tool | s | CPU s | memory MiB | read MiB | s × best | CPU × best | memory × leanest | answer |")
	fmt.Println("|---|---:|---:|---:|---:|---:|---:|---:|---|")
	for i, t := range tools {
		r := rows[i]
		answer := "right"
		if r.answer != want {
			answer = "other: " + r.answer.String()
		}
		fmt.Printf("| %s | %.2f | %.2f | %.1f | %.0f | %s | %s | %s | %s |\n", t.name, r.wall.Seconds(), r.cpu.Seconds(),
			mib(r.memory), mib(r.read), ratio(r.wall, best.wall), ratio(r.cpu, best.cpu), ratio(r.memory, best.memory), answer)
	}
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

// median takes each figure's median for itself. An answer that was different
// once is different.
func median(list []sample) (m sample) {
	if len(list) == 0 {
		return m
	}
	m.answer = list[0].answer
	for _, s := range list {
		if s.answer != m.answer {
			m.answer = verdict{}
		}
	}
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
