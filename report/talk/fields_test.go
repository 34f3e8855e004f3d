package talk

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/oneinode/oneinode/report/runs"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/view"
)

// TestDocsNameEveryField: what a program can find in JSON is told, in brackets what may be left out.
func TestDocsNameEveryField(t *testing.T) {
	text, err := os.ReadFile("../../docs/reports.md")
	if err != nil {
		t.Fatal(err)
	}
	docs := string(text)
	fields := map[jsonField]bool{}
	for _, v := range []any{
		schema.Document{}, schema.Set{}, schema.Skipped{}, schema.Directory{}, runs.Info{}, view.Dirs{}, view.Migration{}, view.Changes{}, event{}, begun{}, trouble{}, fatal{}, note{},
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
