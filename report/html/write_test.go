package html

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// hostile names try to leave the block of data, the element or the direction of
// the text that they are put into.
var hostile = []string{
	`</script><script>document.title="taken"</script>`, `<img src=x onerror=document.title='taken'>`, `<!--`, `-->`, `<!--<script>`,
	`"onmouseover="alert(1)`, `'quote'`, `&lt;b&gt;`, "@DATA@", "@SCRIPT@", "${x}", `\u003c/script>`, "sep\u2028\u2029", "עברית", "__proto__", "日本語 💾",
}

func pageOf(t *testing.T, names ...string) string {
	t.Helper()
	var b strings.Builder
	facts := map[string]any{
		"where": hostile[0], "label": "Reclaimable", "figure": 5000, "lede": "</script>", "title": hostile[0], "word": "reclaimable before", "foot": "", "command": hostile[0],
		"stack": [][2]any{{"won", 1}, {"rest", 2}}, "tiles": [][2]any{}, "held": [][4]any{}, "notes": []string{}, "reasons": [][3]any{{"bad", 1, true}},
	}
	w := New(&b, "title "+hostile[0], facts)
	for i, n := range names {
		err := w.Set(Set{Size: 5000, Frees: 8192, Inodes: []Inode{
			{Action: "keep", Mtime: int64(i), Paths: []string{"/d/" + n}},
			{Action: "link", Frees: 8192, Paths: []string{"/d/" + n + "/" + n}},
			{Action: "link", Note: n, Paths: []string{"e/" + n}, Elsewhere: []string{"/other/" + n}},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Skipped(Skipped{Path: hostile[0], Reason: "bad", Error: hostile[1]}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// dataOf reads the block of data as a browser does: up to the first end tag.
func dataOf(t *testing.T, page string) (data struct {
	Sets  []json.RawMessage
	Dirs  []string
	Names []string
}) {
	t.Helper()
	_, rest, _ := strings.Cut(page, `id="data">`)
	block, _, _ := strings.Cut(rest, "</script")
	if strings.ContainsAny(block, "<>&") {
		t.Error("the data holds markup")
	}
	if err := json.Unmarshal([]byte(block), &data); err != nil {
		t.Fatalf("data: %v", err)
	}
	return data
}

func TestNamesStayData(t *testing.T) {
	page := pageOf(t, hostile...)
	data := dataOf(t, page)
	if len(data.Sets) != len(hostile) {
		t.Errorf("%d sets, want %d", len(data.Sets), len(hostile))
	}
	if n := strings.Count(strings.ToLower(page), "<script"); n != 2 {
		t.Errorf("%d script elements, want 2", n)
	}
	if strings.Contains(page, "<img") {
		t.Error("a name became an element")
	}
}

func TestPageIsSelfContained(t *testing.T) {
	page := pageOf(t, "x")
	head, _, _ := strings.Cut(page, `id="data">`)
	_, body, _ := strings.Cut(head, "<body>")
	for text, bad := range map[string][]string{body: {"src=", "href=", "style=", "onclick="}, style: {"@import", "url("}, script: {"eval(", "innerHTML"}} {
		for _, b := range bad {
			if strings.Contains(text, b) {
				t.Errorf("the page has %q", b)
			}
		}
	}
	if regexp.MustCompile(`https?://`).MatchString(head + script) {
		t.Error("the page names an address")
	}
	for _, want := range []string{digest(style), digest(script), "default-src 'none'"} {
		if !strings.Contains(head, want) {
			t.Errorf("the policy lacks %q", want)
		}
	}
	if strings.Contains(script, "</") || strings.Contains(script, "<!--") || strings.Contains(style, "</") {
		t.Error("script and style must not hold end tags")
	}
}

func TestDirectoriesAreKeptOnce(t *testing.T) {
	data := dataOf(t, pageOf(t, "a", "b", "c"))
	want := []string{"", "/", "d", "a", "e", "b", "c"}
	if strings.Join(data.Dirs, "|") != strings.Join(want, "|") {
		t.Errorf("directories %q, want %q", data.Dirs, want)
	}
}

func TestEmptyPage(t *testing.T) {
	var b strings.Builder
	if err := New(&b, "t", map[string]int{}).Close(); err != nil {
		t.Fatal(err)
	}
	dataOf(t, b.String())
}

// quiet are the arguments of a browser that shows nothing and calls nobody.
func quiet(t *testing.T) []string {
	return []string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--enable-logging=stderr", "--user-data-dir=" + t.TempDir(),
	}
}

// browse returns the page as a browser shows it, and what the browser said.
func browse(t *testing.T, page, fragment string) (dom, log string) {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("needs chromium")
	}
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	args := append(quiet(t), "--virtual-time-budget=3000", "--dump-dom", "file://"+file+fragment)
	var out, errs strings.Builder
	cmd := exec.CommandContext(t.Context(), chromium, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	for line := range strings.Lines(errs.String()) {
		if strings.Contains(line, "CONSOLE") {
			log += line
		}
	}
	return out.String(), log
}

func TestBrowserShowsHostileNamesAsText(t *testing.T) {
	dom, log := browse(t, pageOf(t, hostile...), "#open=1")
	if log != "" {
		t.Errorf("the browser complains: %s", log)
	}
	if !strings.Contains(dom, `data-ready="`) {
		t.Fatal("the script did not reach its end")
	}
	if strings.Contains(dom, "<img") || strings.Contains(dom, "<title>taken") {
		t.Error("a name became markup or ran")
	}
	for _, want := range []string{
		"&lt;img src=x onerror=document.title='taken'&gt;", "__proto__", `class="note">__proto__<`,
		"/d · 128.0 KiB reclaimable before", "16 sets · 128.0 KiB reclaimable before<", ">reclaimable before</button>", ">reclaimable before</option>",
	} {
		if !strings.Contains(dom, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// TestBrowserShowsOddPaths: a drive of Windows in a backup is a directory like any other, and
// neither a very deep one nor what a saved scan of somebody else may say keeps the page from being shown.
func TestBrowserShowsOddPaths(t *testing.T) {
	var b strings.Builder
	w := New(&b, "odd", facts{"where": "", "label": "", "figure": 0, "lede": "", "title": "", "word": "", "foot": "", "command": "",
		"stack": [][2]any{}, "tiles": [][2]any{}, "held": [][4]any{}, "notes": []string{}, "reasons": [][3]any{}})
	deep := strings.Repeat("d/", 30_000) + "f"
	err := w.Set(Set{Size: 1, Frees: 3, Inodes: []Inode{
		{Action: "keep", Paths: []string{"odd/", "a/C:/Users/f", "C:/Users/f", "/f", "f", deep}},
		{Action: "link", Frees: 3, Host: "h", Paths: []string{"/f", "/C:/Users/f", "rel/f", "f", "C:/Users/f"}},
	}})
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	dom, log := browse(t, b.String(), "#open=1")
	if log != "" {
		t.Errorf("the browser complains: %s", log)
	}
	for _, want := range []string{"odd/", "a/C:/Users/f", "C:/Users/f", "/f", "f", deep, "h:/f", "h:/C:/Users/f", "h:rel/f", "h:f", "h:C:/Users/f"} {
		if !strings.Contains(dom, ">"+want+"</span>") {
			t.Errorf("no path %.40s", want)
		}
	}
}

func TestBrowserShowsNoEmptyCharts(t *testing.T) {
	for _, names := range [][]string{nil, {"x"}} {
		dom, _ := browse(t, pageOf(t, names...), "")
		if hidden := strings.Contains(dom, `id="charts" hidden=""`); hidden != (names == nil) {
			t.Errorf("%d sets: charts hidden: %v", len(names), hidden)
		}
		if hidden := regexp.MustCompile(`id="map-card"[^>]* hidden=""`).MatchString(dom); hidden != (names == nil) {
			t.Errorf("%d sets: map hidden: %v", len(names), hidden)
		}
	}
}

// TestBrowserSearchesMarks: the same letter may be written in two ways, and looks the same.
func TestBrowserSearchesMarks(t *testing.T) {
	names := []string{"Ame\u0301lie", "Am\u00e9lie", "Amelie"}
	for _, asked := range []string{"AM%C3%89L", "ame%CC%81l"} {
		dom, _ := browse(t, pageOf(t, names...), "#q="+asked)
		if !strings.Contains(dom, "2 of 3 sets") {
			t.Errorf("%s: not two hits", asked)
		}
	}
}

func TestBrowserSearches(t *testing.T) {
	dom, log := browse(t, pageOf(t, hostile...), "#q=日本+/D/&sort=newest&open=1")
	if log != "" || !strings.Contains(dom, "1 of 16 sets") {
		t.Errorf("log %q, no single hit", log)
	}
	if n := strings.Count(dom, "<details open"); n != 1 {
		t.Errorf("%d sets shown, want 1", n)
	}
}
