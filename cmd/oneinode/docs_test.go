package main

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// pages are what users read.
func pages(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d pages in docs: %v", len(files), err)
	}
	texts := map[string]string{}
	for _, f := range append(files, "../../README.md") {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		texts[f] = string(text)
	}
	return texts
}

// TestDocsNameFlagsThatAre: each flag in the docs is one of this program, or of those that
// the docs name beside it.
func TestDocsNameFlagsThatAre(t *testing.T) {
	known := map[string]bool{}
	visitFlags(newRoot(&app{}), func(f *pflag.Flag) { known[f.Name] = true })
	others := strings.Fields("help rm cap-drop cap-add network read-only now link-dest inplace delete headless dump-dom") // docker, systemctl, rsync, chromium
	flag := regexp.MustCompile(`(?:^|[^-\w])--([a-z][a-z-]*)`)
	for name, text := range pages(t) {
		for _, m := range flag.FindAllStringSubmatch(text, -1) {
			if !known[m[1]] && !slices.Contains(others, m[1]) {
				t.Errorf("%s: no flag --%s", name, m[1])
			}
		}
	}
}

// TestDocsNameCommandsThatAre: in code a word behind oneinode is a command.
func TestDocsNameCommandsThatAre(t *testing.T) {
	command := regexp.MustCompile("(?m)(?:`|^ {4}.*?)\\boneinode ([a-z]+)")
	found := map[string]bool{}
	for name, text := range pages(t) {
		for _, m := range command.FindAllStringSubmatch(text, -1) {
			found[m[1]] = true
			if cmd, _, err := newRoot(&app{}).Find([]string{m[1]}); err != nil || cmd.Name() != m[1] {
				t.Errorf("%s: no command %s", name, m[1])
			}
		}
	}
	if len(found) < 8 {
		t.Errorf("only %v found", slices.Sorted(maps.Keys(found)))
	}
}

// TestDocsNameTestsThatAre: a promise without its test is none. With … behind it a name is
// the beginning of several.
func TestDocsNameTestsThatAre(t *testing.T) {
	tests := testNames(t)
	name := regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w*)(…?)`")
	for page, text := range pages(t) {
		for _, m := range name.FindAllStringSubmatch(text, -1) {
			is := func(test string) bool { return test == m[1] || m[2] != "" && strings.HasPrefix(test, m[1]) }
			if !slices.ContainsFunc(tests, is) {
				t.Errorf("%s: no test %s", page, m[1]+m[2])
			}
		}
	}
}

func testNames(t *testing.T) (names []string) {
	t.Helper()
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)`)
	err := filepath.WalkDir("../..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range declared.FindAllSubmatch(text, -1) {
			names = append(names, string(m[1]))
		}
		return err
	})
	if err != nil || len(names) < 500 {
		t.Fatalf("%d tests found: %v", len(names), err)
	}
	return names
}

// TestDocsNameFilesThatAre: links, and files of the checkout.
func TestDocsNameFilesThatAre(t *testing.T) {
	for page, text := range pages(t) {
		for pattern, dir := range map[string]string{
			`\]\(([^)#:]+)\)`:                     filepath.Dir(page),
			`\b((?:docs|packaging)/[-./\w]*\w)`:   "../..",
			`\b(testdata/script/[-./\w]*\w)`:      ".",
			`\b(cmd/(?:oneinode/realfs|peers))\b`: "../..",
		} {
			for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
				if _, err := os.Stat(filepath.Join(dir, m[1])); err != nil {
					t.Errorf("%s: %v", page, err)
				}
			}
		}
	}
}

// TestFilesAreNamed: where a package has so many files that nobody sees what is in which, its
// comment tells that of each.
func TestFilesAreNamed(t *testing.T) {
	for dir, comment := range map[string]string{".": "main.go", "../../dedupe": "doc.go"} {
		text, err := os.ReadFile(filepath.Join(dir, comment))
		if err != nil {
			t.Fatal(err)
		}
		var named, are []string
		for _, m := range regexp.MustCompile(`(?m)^//   - .*: (.*)$`).FindAllStringSubmatch(string(text), -1) {
			named = append(named, strings.Fields(m[1])...)
		}
		files, _ := filepath.Glob(filepath.Join(dir, "*.go"))
		for _, f := range files {
			stem, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(f), ".go"), "_") // man_docs, idle_linux
			if !strings.HasSuffix(f, "_test.go") && stem != "doc" {
				are = append(are, stem)
			}
		}
		slices.Sort(named)
		slices.Sort(are)
		if are = slices.Compact(are); !slices.Equal(named, are) {
			t.Errorf("%s/%s tells of\n%q, but there are\n%q", dir, comment, named, are)
		}
	}
}
