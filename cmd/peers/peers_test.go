//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAnswersAreRead(t *testing.T) {
	for _, c := range []struct {
		name        string
		read        func(stdout, out []byte) [][]string
		stdout, out string
		want        [][]string
	}{
		{"blank lines", blankLines, "a\nb\n\nc c\nd\ne\n\n", "", [][]string{{"a", "b"}, {"c c", "d", "e"}}},
		{"a file of its own", blankLines, "", "\na\nb\n", [][]string{{"a", "b"}}},
		{
			"hardlink", hardlinkPairs, "[DryRun] Linking /a to /b (-6 B)\n[DryRun] Linking /a to /c d (-6 B)\nFiles: 6\n", "",
			[][]string{{"/a", "/b", "/c d"}},
		},
		{
			"rdfind", rdfindLines, "", "# x\nDUPTYPE_FIRST_OCCURRENCE 1 0 6 1 1 5 a b\nDUPTYPE_WITHIN_SAME_TREE -1 0 6 1 1 5 c\n",
			[][]string{{"a b", "c"}},
		},
		{"czkawka", czkawkaJSON, "", `{"6": [[{"path": "a"}, {"path": "b"}]]}`, [][]string{{"a", "b"}}},
	} {
		if got := c.read([]byte(c.stdout), []byte(c.out)); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestOracleAndCorpora: every corpus has copies, is the same each time, and the
// oracle finds what is there.
func TestOracleAndCorpora(t *testing.T) {
	for name, scale := range map[string]float64{"tree": 0.002, "million": 0.001, "media": 0.004, "snapshots": 0.01, "frames": 0.002, "flat": 0.002} {
		var verdicts []verdict
		for range 2 {
			dir := filepath.Join(t.TempDir(), name)
			if err := makers[name](dir, scale, newSource(1)); err != nil {
				t.Fatal(err)
			}
			v, err := oracle(dir)
			if err != nil || v.Copies == 0 {
				t.Errorf("%s: %v, %v", name, v, err)
			}
			verdicts = append(verdicts, verdict{Sets: v.Sets, Copies: v.Copies})
		}
		if verdicts[0] != verdicts[1] {
			t.Errorf("%s: %v", name, verdicts)
		}
	}
}

// TestMakeMeasuresNothing: neither a corpus nor a real tree; and words that are no flags are refused.
func TestMakeMeasuresNothing(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("a"), 0o600); err != nil {
		t.Fatal(err)
	}
	tables := filepath.Join(dir, "tables")
	if err := run([]string{"-dir", dir, "-corpora", "tree:0.00001", "-trees", dir, "-tools", "none", "-make", "-o", tables}); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(tables); err != nil || len(text) > 0 {
		t.Errorf("%s, %v", text, err)
	}
	if err := run([]string{"-dir", dir, "-corpora", "", "/usr"}); err == nil {
		t.Error("a word was passed over")
	}
}

func TestJudge(t *testing.T) {
	dir := t.TempDir()
	paths := []string{filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "c")}
	for _, p := range paths[:2] {
		if err := os.WriteFile(p, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(paths[0], paths[2]); err != nil {
		t.Fatal(err)
	}
	back := slices.Clone(paths)
	slices.Reverse(back)
	if a, b := judge([][]string{paths}), judge([][]string{back[:2]}); a.Copies != 1 || a != b {
		t.Errorf("it matters by which name a file is told: %v, %v", a, b)
	}
	if a := judge([][]string{{paths[0], paths[2]}}); a.Copies != 0 {
		t.Errorf("two names of a file: %v", a)
	}
	if a, b := judge([][]string{paths}), judge([][]string{back}); a != b {
		t.Errorf("the order counts: %v, %v", a, b)
	}
}

func TestBestPeerMustBeRight(t *testing.T) {
	want := verdict{Sets: 1}
	table := &table{want: want, tools: []tool{{name: "oneinode"}, {name: "fast but wrong"}, {name: "right"}, {name: "leaner"}}}
	rows := []sample{
		{Wall: 1, CPU: 1, Memory: 1, Answer: want},
		{Wall: 2, CPU: 2, Memory: 2},
		{Wall: 5, CPU: 5, Memory: 5, Answer: want},
		{Wall: 9, CPU: 9, Memory: 3, Answer: want},
	}
	if best := table.bestPeer(rows); best.Wall != 5 || best.Memory != 3 {
		t.Errorf("%+v", best)
	}
}

// TestContent: only a tree with everything in it and nothing left to do is right.
func TestContent(t *testing.T) {
	plant := func(t *testing.T) string {
		dir := t.TempDir()
		for name, text := range map[string]string{"a": "x", "b": "x", "c": "y"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	link := func(dir, old, name string) error {
		return errors.Join(os.Remove(filepath.Join(dir, name)), os.Link(filepath.Join(dir, old), filepath.Join(dir, name)))
	}
	before := read(t, plant(t))
	for _, c := range []struct {
		name, note string
		change     func(dir string) error
	}{
		{"done", "", func(dir string) error { return link(dir, "a", "b") }},
		{"nothing done", "1 of 1 copies left, 0 paths lost, 0 with other content, 0 new ones", func(string) error { return nil }},
		{"wrong", "0 of 1 copies left, 0 paths lost, 1 with other content, 0 new ones", func(dir string) error { return errors.Join(link(dir, "a", "b"), link(dir, "a", "c")) }},
		{"lost", "0 of 1 copies left, 1 paths lost, 0 with other content, 0 new ones", func(dir string) error { return os.Remove(filepath.Join(dir, "b")) }},
		{"renamed", "1 of 1 copies left, 1 paths lost, 0 with other content, 1 new ones", func(dir string) error {
			return os.Rename(filepath.Join(dir, "b"), filepath.Join(dir, "d"))
		}},
	} {
		dir := plant(t)
		if err := c.change(dir); err != nil {
			t.Fatal(err)
		}
		got := before.judge(read(t, dir))
		if got.Note != c.note || c.note == "" && got != before.verdict() {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func read(t *testing.T, dir string) content {
	t.Helper()
	c, err := contents(dir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestTable: who is too slow once is not run again, the answers are told, and a
// second part goes on with the samples of the first.
func TestTable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "samples")
	runs := map[string]int{}
	for part := range 2 {
		table := &table{title: "title", want: verdict{Sets: 2, Copies: 3}, tools: []tool{{name: "quick"}, {name: "slow"}}, load: "0.10", file: file}
		err := table.fill(3, func(tool tool) (sample, error) {
			runs[tool.name]++
			if tool.name == "slow" {
				return sample{Wall: time.Minute}, errOver
			}
			return sample{Wall: time.Second, CPU: time.Second, Memory: 1 << 20, Answer: table.want}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		table.print(&out)
		for _, want := range []string{
			fmt.Sprintf("### title\n\n2 sets, 3 copies; medians of %d; load before: 0.10\n", 3+3*part),
			"| quick | 1.00 | 1.00 | 1.0 | 0 | 1.00 | 1.00 | 1.00 | right |\n",
			"| slow | 60.00 | 0.00 | 0.0 | 0 | 60.00 | 0.00 | 0.00 | other: took longer than -limit allows |\n",
		} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%q is missing in\n%s", want, &out)
			}
		}
	}
	if runs["quick"] != 6 || runs["slow"] != 1 {
		t.Error(runs)
	}
}
