package talk

import (
	"time"

	"github.com/oneinode/oneinode/dedupe"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/scan"
)

// event is a line of the JSON log that is no trouble.
type event struct {
	Level   string          `json:"level"`
	Event   string          `json:"event"` // "begin", "linked" or "end"
	Time    schema.Time     `json:"time"`
	Path    *schema.Path    `json:"file,omitempty"`
	Freed   int64           `json:"freed_bytes,omitempty"`
	Run     any             `json:"run,omitempty"`
	Summary *schema.Summary `json:"summary,omitempty"`
}

// begun is a run that has not finished yet.
type begun struct {
	schema.Run
	Finished *schema.Time `json:"finished,omitempty"` // hides that of Run
}

// Begin and End frame the JSON log of a run; in text there is nothing to say.
func (t *Troubles) Begin(run schema.Run, roots []scan.Root) {
	if t.json {
		run.Roots = schema.RootsOf(roots, nil)
		t.event(event{Event: "begin", Run: begun{Run: run}})
	}
}

// End tells the sums of the run.
func (t *Troubles) End(doc *schema.Document) {
	t.event(event{Event: "end", Run: &doc.Run, Summary: &doc.Summary})
}

// Linked tells of a name that became a link.
func (t *Troubles) Linked(o dedupe.Outcome) {
	path := schema.NewPath(o.Path)
	t.event(event{Event: "linked", Path: &path, Freed: o.Freed})
}

func (t *Troubles) event(e event) {
	if !t.json {
		return
	}
	e.Level, e.Time = "info", schema.TimeOf(time.Now())
	t.write(mustJSON(e))
}
