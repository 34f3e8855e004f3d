package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/oneinode/oneinode"

// stages are the packages in the order of the data, the first knowing nobody. A
// stage imports only what stands before it; cmd stands above all.
var stages = []string{"scan", "hash", "dedupe", "report", "cmd"}

// rooms tells which stages may use an outside module.
var rooms = map[string][]string{
	"github.com/spf13/cobra":            {"cmd"},
	"github.com/spf13/pflag":            {"cmd"},
	"github.com/schollz/progressbar/v3": {"report"},
	"github.com/google/renameio/v2":     {"report"},
	"golang.org/x/term":                 {"report"},
	"github.com/rivo/uniseg":            {"report"}, // cells of a terminal; the progress bar brings it
	"github.com/zeebo/blake3":           {"hash"},
	"golang.org/x/sync":                 {"scan", "hash"},
	"github.com/bmatcuk/doublestar/v4":  {"scan"},
	"golang.org/x/sys":                  stages,
	"github.com/pelletier/go-toml/v2":   {"cmd"}, // the machine's configuration: tells line and column of a fault
	"github.com/rogpeppe/go-internal":   {},      // tests only
	"github.com/prometheus/common":      {},      // tests only: the parser that reads our metrics
}

// listed is what the go command tells of a package.
type listed struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

func listPackages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", module+"/...")
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("go list: %s", exit.Stderr)
	} else if err != nil {
		t.Skipf("the go command is not at hand: %v", err)
	}
	var packages []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// TestImportsPointDownward fails on an import against the flow of the data, and
// on an outside module in a room that has no business with it.
func TestImportsPointDownward(t *testing.T) {
	packages := listPackages(t)
	if len(packages) < len(stages) {
		t.Fatalf("go list knows of %d packages only", len(packages))
	}
	for _, p := range packages {
		from := stageOf(p.ImportPath)
		if from < 0 {
			t.Errorf("package %s belongs to no stage", p.ImportPath)
			continue
		}
		for _, imported := range p.Imports {
			if why := forbidden(from, imported); why != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, imported, why)
			}
		}
		for _, imported := range slices.Concat(p.TestImports, p.XTestImports) {
			if to := stageOf(imported); to > from {
				t.Errorf("a test of %s imports %s: %s", p.ImportPath, imported, "upward")
			}
		}
	}
}

// apart are packages that keep out of some others, though the stages would allow it: what decides
// asks nobody, and what calls the kernel decides nothing.
var apart = map[string][]string{
	"dedupe/decide": {"os", "syscall", "time", "golang.org/x/sys/unix", module + "/dedupe/kernel", module + "/dedupe/journal"},
	"dedupe/kernel": {module + "/hash", module + "/dedupe/decide", module + "/dedupe/journal"},
}

func TestKeptApart(t *testing.T) {
	met := 0
	for _, p := range listPackages(t) {
		from, _ := strings.CutPrefix(p.ImportPath, module+"/")
		if apart[from] != nil {
			met++
		}
		for _, imported := range p.Imports {
			if slices.Contains(apart[from], imported) {
				t.Errorf("%s imports %s", from, imported)
			}
		}
	}
	if met != len(apart) {
		t.Errorf("%d packages are there, want %d", met, len(apart))
	}
}

// stageOf returns the index of a package's stage, -1 for other modules.
func stageOf(path string) int {
	below, ok := strings.CutPrefix(path, module+"/")
	if !ok {
		return -1
	}
	stage, _, _ := strings.Cut(below, "/")
	return slices.Index(stages, stage)
}

// forbidden says why a package of a stage may not import another, "" if it may.
func forbidden(from int, imported string) string {
	if strings.HasPrefix(imported, module+"/") {
		if stageOf(imported) > from {
			return "imports run from later stages to earlier ones"
		}
		return ""
	}
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return "" // standard library
	}
	for outside, allowed := range rooms {
		if imported == outside || strings.HasPrefix(imported, outside+"/") {
			if slices.Contains(allowed, stages[from]) {
				return ""
			}
			return "this module belongs to " + strings.Join(append(allowed, "tests"), ", ")
		}
	}
	return "this module is not among those agreed upon"
}

// The test above can fail.
func TestForbidden(t *testing.T) {
	at := func(stage string) int { return slices.Index(stages, stage) }
	for _, c := range []struct {
		from, imported string
		ok             bool
	}{
		{"scan", module + "/hash", false}, {"hash", module + "/scan", true}, {"report", module + "/cmd/oneinode", false},
		{"dedupe", module + "/dedupe/journal", true}, {"scan", "os", true}, {"scan", "encoding/json", true},
		{"scan", "github.com/spf13/cobra", false}, {"cmd", "github.com/spf13/cobra/doc", true}, {"dedupe", "golang.org/x/sync/errgroup", false},
		{"hash", "golang.org/x/sync/errgroup", true}, {"cmd", "github.com/rogpeppe/go-internal/testscript", false}, {"cmd", "example.com/x", false},
	} {
		if why := forbidden(at(c.from), c.imported); (why == "") != c.ok {
			t.Errorf("%s imports %s: %q", c.from, c.imported, why)
		}
	}
}
