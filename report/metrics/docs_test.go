package metrics

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/oneinode/oneinode/report/sample"
)

// TestDocsNameEveryMetric goes by what a run writes that has all of them.
func TestDocsNameEveryMetric(t *testing.T) {
	d := sample.Scan().Doc
	d.Summary.Limited = map[string]int64{"x": 1}
	var g gauges
	g.run(&d, Ended{At: time.Unix(1, 0)}, 1)
	g.summary(&d.Summary)
	text, err := os.ReadFile("../../docs/cron.md")
	if err != nil {
		t.Fatal(err)
	}
	docs := string(text)
	for _, m := range regexp.MustCompile(`# TYPE (\w+)`).FindAllStringSubmatch(g.out.String(), -1) {
		if !strings.Contains(docs, "`"+m[1]+"`") && !strings.Contains(docs, "`"+m[1]+"{") {
			t.Errorf("docs/cron.md does not tell of %s", m[1])
		}
	}
}
