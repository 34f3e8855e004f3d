//go:build linux

package main

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
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
	for name, scale := range map[string]float64{"tree": 0.002, "million": 0.001, "media": 0.004} {
		var verdicts []verdict
		for range 2 {
			dir := filepath.Join(t.TempDir(), name)
			if err := makers[name](dir, scale, newSource(1)); err != nil {
				t.Fatal(err)
			}
			v, err := oracle(dir)
			if err != nil || v.copies == 0 {
				t.Errorf("%s: %v, %v", name, v, err)
			}
			verdicts = append(verdicts, verdict{sets: v.sets, copies: v.copies})
		}
		if verdicts[0] != verdicts[1] {
			t.Errorf("%s: %v", name, verdicts)
		}
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
	if a, b := judge([][]string{paths}), judge([][]string{back[:2]}); a.copies != 1 || a == b {
		t.Errorf("%v, %v", a, b)
	}
	if a, b := judge([][]string{paths}), judge([][]string{back}); a != b {
		t.Errorf("the order counts: %v, %v", a, b)
	}
}

func TestBestPeerMustBeRight(t *testing.T) {
	want := verdict{sets: 1}
	tools := []tool{{name: "oneinode"}, {name: "fast but wrong"}, {name: "right"}, {name: "leaner"}}
	rows := []sample{{1, 1, 1, 1, want}, {2, 2, 2, 2, verdict{}}, {5, 5, 5, 5, want}, {9, 9, 3, 5, want}}
	if best := bestPeer(want, tools, rows); best.wall != 5 || best.memory != 3 {
		t.Errorf("%+v", best)
	}
}
