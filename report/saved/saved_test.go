package saved

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneinode/oneinode/report/sample"
	"github.com/oneinode/oneinode/report/schema"
)

// written is what a writer makes of a source.
func written(t testing.TB, write func(*bufio.Writer, schema.Source) error, src schema.Source) string {
	t.Helper()
	var b strings.Builder
	out := bufio.NewWriter(&b)
	if err := errors.Join(write(out, src), out.Flush()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestOpenRefusesNDJSONThatIsNotWhole(t *testing.T) {
	whole := written(t, WriteNDJSON, sample.Scan())
	lines := strings.SplitAfter(whole, "\n")
	cases := map[string]struct{ text, want string }{
		"empty":          {"", "cut off or empty"},
		"no summary":     {strings.Join(lines[:len(lines)-2], ""), "summary is missing"},
		"half a line":    {whole[:len(whole)/2], "cut off"},
		"a set too few":  {lines[0] + strings.Join(lines[2:], ""), "there are 1"},
		"no header":      {strings.Join(lines[1:], ""), "header"},
		"two headers":    {lines[0] + whole, "line 2: a second header"},
		"more behind":    {whole + lines[1], "follows the summary"},
		"another schema": {strings.Replace(whole, `"schema":1`, `"schema":2`, 1), "schema 2"},
		"wrong type":     {strings.Replace(whole, `"size":6000`, `"size":"x"`, 1), "value.size is a string"},
		"odd set":        {strings.Replace(whole, `"keeper":12`, `"keeper":99`, 1), "line 2: keeper 99"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "x.ndjson")
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Open(file)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "x.ndjson") {
				t.Errorf("got %v, want the file's name and %q", err, c.want)
			}
		})
	}
}

func TestOpenTakesKindsOfLaterVersions(t *testing.T) {
	lines := strings.SplitAfter(written(t, WriteNDJSON, sample.Scan()), "\n")
	text := lines[0] + "{\"new\":1,\"kind\":\"weather\"}\n" + strings.Join(lines[1:], "")
	var got schema.Loaded
	err := readLines(strings.NewReader(text), &got, func(s schema.Set) error { got.AllSets = append(got.AllSets, s); return nil })
	if err != nil || len(got.AllSets) != 2 {
		t.Errorf("%d sets, %v", len(got.AllSets), err)
	}
}

func TestOpenReadsPipes(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	text := written(t, WriteNDJSON, sample.Scan())
	go func() {
		defer w.Close()
		_, _ = io.WriteString(w, text)
	}()
	f := &File{name: "pipe", file: r}
	if err := f.load(); err != nil {
		t.Fatal(err)
	}
	if written(t, WriteJSON, f) != written(t, WriteJSON, sample.Scan()) {
		t.Error("a pipe gives another result than the file")
	}
}

func TestSetsOfAFileStopEarlyAndStartAgain(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.json")
	if err := os.WriteFile(name, []byte(written(t, WriteJSON, sample.Scan())), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for range 2 {
		for s, err := range f.Sets() {
			if err != nil || s.Size != 6000 {
				t.Fatalf("%v, %v", s.Size, err)
			}
			break
		}
	}
}

func TestNDJSON(t *testing.T) {
	kinds := []string{}
	lines := bufio.NewScanner(strings.NewReader(written(t, WriteNDJSON, sample.Scan())))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			Kind   string
			Schema int
			Size   int64
			schema.Path
			Files int64
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("%v: %s", err, lines.Text())
		}
		kinds = append(kinds, line.Kind)
		switch line.Kind {
		case "header":
			if line.Schema != schema.Number {
				t.Errorf("schema %d", line.Schema)
			}
		case "set":
			if line.Size == 0 {
				t.Errorf("set without size: %s", lines.Text())
			}
		case "skipped":
			if line.Raw() == "" {
				t.Errorf("skipped without path: %s", lines.Text())
			}
		case "summary":
			if line.Files != 12345 {
				t.Errorf("summary %s", lines.Text())
			}
		}
	}
	if got := strings.Join(kinds, " "); got != "header set set skipped skipped skipped summary" {
		t.Errorf("lines: %s", got)
	}
}
