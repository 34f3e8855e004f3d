package schema_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/oneinode/oneinode/report/sample"
	"github.com/oneinode/oneinode/report/schema"
)

func FuzzPath(f *testing.F) {
	for _, name := range sample.Hostile {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		text, err := json.Marshal(schema.NewPath(name))
		if err != nil {
			t.Fatal(err)
		}
		var back schema.Path
		if err := json.Unmarshal(text, &back); err != nil || back.Raw() != name {
			t.Fatalf("%q became %s, which is %q (%v)", name, text, back.Raw(), err)
		}
	})
}

func TestTime(t *testing.T) {
	for _, ns := range []int64{0, 1, -1, math.MaxInt64, math.MinInt64, time.Now().UnixNano()} {
		text, _ := schema.Time(ns).MarshalText()
		var back schema.Time
		if err := back.UnmarshalText(text); err != nil || int64(back) != ns {
			t.Errorf("%d became %s, which is %d (%v)", ns, text, back, err)
		}
	}
	for _, text := range []string{"", "yesterday", "2024-02-30T00:00:00Z", "9999-01-01T00:00:00Z", "0001-01-01T00:00:00Z"} {
		var back schema.Time
		if back.UnmarshalText([]byte(text)) == nil {
			t.Errorf("time %q was taken", text)
		}
	}
}
