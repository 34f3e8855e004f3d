package metrics

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"

	"github.com/oneinode/oneinode/report/output"
	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
)

// File is one for the textfile collector of Prometheus' node_exporter:
// the figures of the last run, as gauges.
type File struct {
	file output.File
	job  string
}

// metricsSuffix is what the collector reads; it passes other names over.
const metricsSuffix = ".prom"

// lastSuccess is carried on from file to file while runs fail.
const lastSuccess = "oneinode_last_success_timestamp_seconds"

// New checks as far as possible before the work that the file can be
// written after it. job becomes the label of every figure; it may be empty.
func New(file, job string) (*File, error) {
	if !strings.EqualFold(filepath.Ext(file), metricsSuffix) {
		return nil, fmt.Errorf("%s: the collector only reads names that end in %s", show.Quote(file), metricsSuffix)
	}
	f, err := output.At(file)
	if err != nil {
		return nil, err
	}
	return &File{file: f, job: job}, nil
}

// Ended is how a run ended.
type Ended struct {
	At   time.Time
	Took time.Duration
	Exit int // exit code
}

// Write replaces the file in one step. doc is nil for a run that ended before
// there was anything to tell; the time of the last success then stays.
func (m *File) Write(doc *schema.Document, end Ended) error {
	g := &gauges{job: m.job}
	g.run(doc, end, m.before())
	if doc != nil {
		g.summary(&doc.Summary)
	}
	return m.file.Replace(context.Background(), func(w io.Writer) error {
		_, err := w.Write(g.out.Bytes())
		return err
	}, renameio.WithStaticPermissions(0o644)) // the collector is another user, whatever the umask
}

// before returns the time of the last success as the old file has it, 0 if it
// has none. Somebody who may write there may have put a FIFO in its place meanwhile.
func (m *File) before() float64 {
	f, err := os.OpenFile(m.file.Target(), os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return 0
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return 0
	}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), lastSuccess+labels("job", m.job)+" "); ok {
			seconds, _ := strconv.ParseFloat(rest, 64) // 0 if it is no number
			return max(0, seconds)
		}
	}
	return 0
}

// gauges writes the text format 0.0.4.
type gauges struct {
	out bytes.Buffer
	job string
}

func (g *gauges) run(doc *schema.Document, end Ended, before float64) {
	at := float64(end.At.Unix())
	if end.Exit == 0 {
		before = at
	}
	g.one("oneinode_last_run_timestamp_seconds", "When the last run ended.", at)
	g.one(lastSuccess, "When a run last ended with exit code 0; 0 is never.", before)
	g.one("oneinode_duration_seconds", "Duration of the last run, in seconds.", end.Took.Seconds())
	g.one("oneinode_exit_code", "Exit code of the last run.", float64(end.Exit))
	complete := 0.0
	if doc != nil && doc.Run.Complete {
		complete = 1
	}
	g.one("oneinode_complete", "Whether the last run reached its end (1) or was stopped by a limit, a signal or an error (0).", complete)
}

func (g *gauges) summary(s *schema.Summary) {
	for _, m := range []struct {
		name, help string
		value      int64
	}{
		{"files", "Names of regular files that the last run found.", s.Files},
		{"read_bytes", "Bytes of content that it read.", s.BytesRead},
		{"sets", "Sets of equal files that it found.", s.Sets},
		{"redundant_bytes", "Bytes stored more than once before the run: an upper bound.", s.RedundantBytes},
		{"reclaimable_bytes", "Bytes that its plan could free.", s.ReclaimableBytes},
		{"linked_names", "Names that became links.", s.Linked},
		{"freed_bytes", "Bytes that became free.", s.FreedBytes},
		{"left_files", "Files that it did not get to read.", s.LeftFiles},
		{"left_names", "Names that it did not get to link.", s.Unreached},
	} {
		g.one("oneinode_"+m.name, m.help, float64(m.value))
	}
	g.each("oneinode_held_back_bytes", "Bytes that would become free without a rule of --match, or without several together.", "rule", s.HeldBack)
	g.each("oneinode_limited_files", "Files that stay because of a limit of the filesystem.", "reason", s.Limited)
	g.each("oneinode_skipped_paths", "Paths left out by design.", "reason", s.SkippedReasons)
	g.each("oneinode_failed_paths", "Paths that could not be handled.", "reason", s.FailedReasons)
}

func (g *gauges) head(name, help string) {
	fmt.Fprintf(&g.out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name)
}

func (g *gauges) one(name, help string, value float64) {
	g.head(name, help)
	g.sample(name, labels("job", g.job), value)
}

// each writes one sample a label value, in order.
func (g *gauges) each(name, help, label string, values map[string]int64) {
	if len(values) == 0 {
		return
	}
	g.head(name, help)
	for _, key := range slices.Sorted(maps.Keys(values)) {
		g.sample(name, labels("job", g.job, label, key), float64(values[key]))
	}
}

func (g *gauges) sample(name, labels string, value float64) {
	fmt.Fprintf(&g.out, "%s%s %s\n", name, labels, strconv.FormatFloat(value, 'f', -1, 64))
}

// labels writes pairs of names and values; an empty value is as good as none.
func labels(pairs ...string) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	var list []string
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			list = append(list, pairs[i]+`="`+escape.Replace(strings.ToValidUTF8(pairs[i+1], "�"))+`"`)
		}
	}
	if len(list) == 0 {
		return ""
	}
	return "{" + strings.Join(list, ",") + "}"
}
