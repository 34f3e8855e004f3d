package report

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestDocsNameEveryField: what a program can find in a saved scan is told.
func TestDocsNameEveryField(t *testing.T) {
	docs := readDocs(t, "reports.md")
	fields := map[string]bool{}
	for _, v := range []any{Document{}, Set{}, Skipped{}, Directory{}} {
		addFields(fields, reflect.TypeOf(v))
	}
	if len(fields) < 90 {
		t.Errorf("only %d fields were found", len(fields))
	}
	for f := range fields {
		if !strings.Contains(docs, "`"+f+"`") {
			t.Errorf("docs/reports.md does not tell of %q", f)
		}
	}
}

func addFields(to map[string]bool, typ reflect.Type) {
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct {
		return
	}
	for f := range typ.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			to[name] = true
		}
		addFields(to, f.Type)
	}
}

// TestDocsNameEveryMetric goes by what a run writes that has all of them.
func TestDocsNameEveryMetric(t *testing.T) {
	d := sample().doc
	d.Summary.Limited = map[string]int64{"x": 1}
	var g gauges
	g.run(&d, Ended{At: time.Unix(1, 0)}, 1)
	g.summary(&d.Summary)
	docs := readDocs(t, "cron.md")
	for _, m := range regexp.MustCompile(`# TYPE (\w+)`).FindAllStringSubmatch(g.out.String(), -1) {
		if !strings.Contains(docs, "`"+m[1]+"`") && !strings.Contains(docs, "`"+m[1]+"{") {
			t.Errorf("docs/cron.md does not tell of %s", m[1])
		}
	}
}

func readDocs(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../docs/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
