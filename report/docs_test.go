package report

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/oneinode/oneinode/report/sample"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/view"
)

// TestDocsNameEveryField: what a program can find in JSON is told, in brackets what may be left out.
func TestDocsNameEveryField(t *testing.T) {
	docs := readDocs(t, "reports.md")
	fields := map[jsonField]bool{}
	for _, v := range []any{
		schema.Document{}, schema.Set{}, schema.Skipped{}, schema.Directory{}, RunInfo{}, view.Dirs{}, view.Migration{}, view.Changes{}, event{}, begun{}, trouble{}, fatal{}, note{},
	} {
		addFields(fields, reflect.TypeOf(v))
	}
	if len(fields) < 140 {
		t.Errorf("only %d fields were found", len(fields))
	}
	for f := range fields {
		if !strings.Contains(docs, f.told()) {
			t.Errorf("docs/reports.md does not tell of %s", f.told())
		}
		if f.optional || fields[jsonField{f.name, true}] {
			continue
		}
		if strings.Contains(docs, "["+f.told()+"]") {
			t.Errorf("docs/reports.md has %s as one that may be left out", f.told())
		}
	}
}

// jsonField is a field that may be left out, or one that is always there.
type jsonField struct {
	name     string
	optional bool
}

func (f jsonField) told() string {
	if f.optional {
		return "[`" + f.name + "`]"
	}
	return "`" + f.name + "`"
}

func addFields(to map[jsonField]bool, typ reflect.Type) {
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct {
		return
	}
	for f := range typ.Fields() {
		if name, rest, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			to[jsonField{name, strings.HasPrefix(rest, "omit")}] = true
		}
		addFields(to, f.Type)
	}
}

// TestDocsNameEveryMetric goes by what a run writes that has all of them.
func TestDocsNameEveryMetric(t *testing.T) {
	d := sample.Scan().Doc
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
