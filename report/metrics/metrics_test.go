package metrics

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/oneinode/oneinode/report/schema"
)

// parseMetrics reads a file with the library that Prometheus itself uses.
func parseMetrics(t *testing.T, file string) map[string]map[string]float64 {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(f)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]map[string]float64{}
	for name, family := range families {
		values[name] = map[string]float64{}
		for _, m := range family.Metric {
			var key strings.Builder
			for _, l := range m.Label {
				key.WriteString(l.GetName() + "=" + l.GetValue() + ";")
			}
			values[name][key.String()] = m.Gauge.GetValue()
		}
	}
	return values
}

func TestMetrics(t *testing.T) {
	file := filepath.Join(t.TempDir(), "oneinode.prom")
	const job = "a \"b\" \\ c\nd"
	m, err := New(file, job)
	if err != nil {
		t.Fatal(err)
	}
	doc := &schema.Document{Run: schema.Run{Complete: true}, Summary: schema.Summary{
		Files: 7, Linked: 3, FreedBytes: 12288, ReclaimableBytes: 1 << 60,
		HeldBack:       map[string]int64{"owner": 5, "mode": 6},
		Limited:        map[string]int64{"read-only": 4},
		SkippedReasons: map[string]int64{"open for writing": 2}, FailedReasons: map[string]int64{"bad \xff": 1},
	}}
	first := time.Unix(1_790_000_000, 0)
	if err := m.Write(doc, Ended{At: first, Took: 1500 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	got, label := parseMetrics(t, file), "job="+job+";"
	for name, want := range map[string]float64{
		"oneinode_last_run_timestamp_seconds": 1_790_000_000, "oneinode_last_success_timestamp_seconds": 1_790_000_000,
		"oneinode_duration_seconds": 1.5, "oneinode_exit_code": 0, "oneinode_complete": 1,
		"oneinode_files": 7, "oneinode_linked_names": 3, "oneinode_freed_bytes": 12288, "oneinode_reclaimable_bytes": 1 << 60,
	} {
		if value, ok := got[name][label]; !ok || value != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	if v := got["oneinode_held_back_bytes"]; v[label+"rule=owner;"] != 5 || v[label+"rule=mode;"] != 6 {
		t.Errorf("held back: %v", v)
	}
	if v := got["oneinode_limited_files"]; v[label+"reason=read-only;"] != 4 {
		t.Errorf("limited: %v", v)
	}
	if v := got["oneinode_skipped_paths"]; v[label+"reason=open for writing;"] != 2 {
		t.Errorf("skipped: %v", v)
	}
	if len(got["oneinode_failed_paths"]) != 1 {
		t.Errorf("failed: %v", got["oneinode_failed_paths"])
	}
	// A run that fails keeps the time of the last success, again and again.
	for range 2 {
		if err := m.Write(nil, Ended{At: first.Add(time.Hour), Exit: 4}); err != nil {
			t.Fatal(err)
		}
	}
	got = parseMetrics(t, file)
	if got["oneinode_exit_code"][label] != 4 || got["oneinode_complete"][label] != 0 ||
		got["oneinode_last_run_timestamp_seconds"][label] != 1_790_003_600 {
		t.Errorf("after a failure: %v", got)
	}
	if got["oneinode_last_success_timestamp_seconds"][label] != 1_790_000_000 {
		t.Errorf("last success: %v", got["oneinode_last_success_timestamp_seconds"])
	}
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(entries) != 1 {
		t.Errorf("beside the file: %v, %v", entries, err)
	}
}

// TestMetricsComplete: a run that was stopped is not complete, though there is something
// to tell of it.
func TestMetricsComplete(t *testing.T) {
	for doc, want := range map[*schema.Document]string{{Run: schema.Run{Complete: true}}: "oneinode_complete 1\n", {}: "oneinode_complete 0\n", nil: "oneinode_complete 0\n"} {
		g := &gauges{}
		g.run(doc, Ended{}, 0)
		if got := g.out.String(); !strings.Contains(got, want) {
			t.Errorf("%+v: no %q in\n%s", doc, want, got)
		}
	}
}

func TestNewMetrics(t *testing.T) {
	for _, file := range []string{"x.txt", "x", filepath.Join(t.TempDir(), "none", "x.prom")} {
		if _, err := New(file, ""); err == nil {
			t.Errorf("%s: no error", file)
		}
	}
}

// TestMetricsAreReadable: the collector is another user, and a unit has a strict umask.
func TestMetricsAreReadable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "oneinode.prom")
	m, err := New(file, "job")
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Umask(syscall.Umask(0o077))
	if err := m.Write(&schema.Document{}, Ended{At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(file); err != nil || st.Mode().Perm() != 0o644 {
		t.Errorf("%v, %v", st.Mode(), err)
	}
}

// Who may write to the collector's directory must not hold a run that is at its end.
func TestMetricsInPlaceOfAFIFO(t *testing.T) {
	file := filepath.Join(t.TempDir(), "oneinode.prom")
	m, err := New(file, "job")
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(file, 0o600); err != nil {
		t.Fatal(err)
	}
	writer, err := os.OpenFile(file, os.O_RDWR, 0) // who says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	done := make(chan error, 1)
	go func() { done <- m.Write(&schema.Document{}, Ended{At: time.Now()}) }()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("it waits for somebody who writes to the FIFO")
	}
	if st, err := os.Lstat(file); err != nil || !st.Mode().IsRegular() {
		t.Errorf("%v, %v", st.Mode(), err)
	}
}

// TestMetricsNeverDone: without the figure an alarm about old successes could not tell of a
// job that has had none.
func TestMetricsNeverDone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "oneinode.prom")
	m, err := New(file, "")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := m.Write(nil, Ended{At: time.Unix(1_790_000_000, 0), Exit: 1}); err != nil {
			t.Fatal(err)
		}
	}
	if value, ok := parseMetrics(t, file)["oneinode_last_success_timestamp_seconds"][""]; !ok || value != 0 {
		t.Errorf("last success is %v, there: %v; want 0", value, ok)
	}
}
