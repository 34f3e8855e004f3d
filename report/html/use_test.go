package html

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/oneinode/oneinode/report/show"
)

// What the tests look at, as a visitor sees it.
const (
	cells   = `[...document.querySelectorAll("#map > .cell")].map((c) => c.getAttribute("aria-label"))`
	crumb   = `document.querySelector("#crumbs [aria-current]").textContent`
	hint    = `document.getElementById("map-hint").textContent`
	focused = `document.activeElement.getAttribute("aria-label")`
	listed  = `[...document.querySelectorAll("#sets .name b")].map((b) => b.textContent)`
	counts  = `document.getElementById("sets-count").textContent`
	chips   = `[...document.querySelectorAll("#chips button")].map((b) => b.textContent)`
	pressed = `[...document.querySelectorAll("[aria-pressed=true]")].map((b) => b.dataset.metric || b.kind || b.querySelector(".step").textContent)`
)

func cellOf(start string) string {
	return fmt.Sprintf(`document.querySelector('#map > [aria-label^=%q]')`, start)
}

func kindOf(name string) string {
	return fmt.Sprintf(`[...document.querySelectorAll("#kinds button")].find((b) => b.firstChild.textContent === %q)`, name)
}

func sizeOf(start string) string {
	return fmt.Sprintf(`document.querySelector('#sizes [aria-label^=%q]')`, start)
}

var useTiles = [][2]any{
	{"1,234,567", "duplicate sets"}, {"2,345,678", "files beyond the first"}, {"123.4 GiB", "stored more than once"}, {"123.4 MiB", "already saved by links"},
	{"12,345,678", "names looked at"}, {"1.2 TiB", "on the disk in total"}, {"1 h 23 min", "for 567.8 GiB read"},
}

func useFacts(held [][4]any) facts {
	return facts{
		"where": "/", "label": "Reclaimable", "figure": 33 << 20, "lede": "", "title": "Where", "word": "reclaimable", "foot": "", "command": "",
		"stack": [][2]any{{"won", 33 << 20}, {"rest", 6 << 20}}, "tiles": useTiles, "held": held, "notes": []string{}, "reasons": [][3]any{},
	}
}

// usePage has sets whose order differs under every sort. Pinned tracks free
// nothing, so that /m is on the map of what is redundant only; they have holes, so
// that it is less than size times copies.
func usePage(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	w := New(&b, "use", useFacts([][4]any{}))
	in := func(action string, frees, mtime int64, paths ...string) Inode {
		return Inode{Action: action, Redundant: frees, Frees: frees, Mtime: mtime, Paths: paths}
	}
	hold := func(redundant, mtime int64, path string) Inode {
		return Inode{Action: "hold", Redundant: redundant, Mtime: mtime, Paths: []string{path}}
	}
	for _, s := range []Set{
		{Size: 20 << 20, Frees: 20 << 20, Inodes: []Inode{in("keep", 0, 10, "/v/film.mkv"), in("link", 20<<20, 10, "/v/old/film.mkv")}},
		{Size: 4 << 20, Frees: 12 << 20, Inodes: []Inode{
			in("keep", 0, 20, "/p/new/b.jpg", "/p/b also.jpg"), in("link", 4<<20, 20, "/p/2019/b.jpg", "/p/2019/odd/b.jpg"),
			in("link", 4<<20, 20, "/p/2020/c.jpg"), in("link", 4<<20, 20, "/p/2020/d.jpg"),
		}},
		{Size: 1 << 20, Frees: 1 << 20, Inodes: []Inode{in("keep", 0, 40, "/p/a.png"), in("link", 1<<20, 40, "/p/2019/a.png")}},
		{Size: 3 << 20, Inodes: []Inode{in("keep", 0, 30, "/m/song.ogg"), hold(2<<20, 30, "/m/x/song.ogg"), hold(2<<20, 30, "/m/y/song.ogg")}},
	} {
		if err := w.Set(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestBrowserUse does what people do with the page, each on a fresh one.
func TestBrowserUse(t *testing.T) {
	b, page := start(t), usePage(t)
	for _, use := range []struct {
		name  string
		width int
		do    func(*visitor)
	}{
		{"zoom by mouse", 1200, zoomsByMouse},
		{"zoom by keys", 1200, zoomsByKeys},
		{"switch what the map shows", 1200, switchesWhatTheMapShows},
		{"filter by charts", 1200, filtersByCharts},
		{"sort", 1200, sorts},
		{"open a set", 1200, opensASet},
		{"telephone", 390, fitsATelephone},
		{"tiles", 1200, laysOutTheTiles},
		{"keep the focus", 1200, keepsTheFocus},
		{"print", 1200, printsAllOfIt},
	} {
		t.Run(use.name, func(t *testing.T) { use.do(b.visit(t, page, use.width)) })
	}
}

// TestBrowserSizes: sizes of whole blocks often lie between two tenths of a unit: the page shows the
// one that the text does.
func TestBrowserSizes(t *testing.T) {
	sizes, want := []int64{1, 1023, 1024, 1048524, 1048525, 3 << 39}, []string{}
	for n := range int64(64) {
		sizes = append(sizes, 1<<20+n<<14, 1<<30+n<<25)
	}
	held := [][4]any{}
	for _, n := range sizes {
		held, want = append(held, [4]any{n, "held back", "", ""}), append(want, show.Size(n))
	}
	var b strings.Builder
	if err := New(&b, "sizes", useFacts(held)).Close(); err != nil {
		t.Fatal(err)
	}
	v := start(t).visit(t, b.String(), 1200)
	v.sees(`[...document.querySelectorAll("#held .rule b")].map((b) => b.textContent)`, lines(want...))
}

func zoomsByMouse(v *visitor) {
	v.sees(crumb, "everything")
	v.click(cellOf("/p,"))
	v.sees(crumb, "p")
	v.sees(cells, lines("/p/2020, 8.0 MiB, 62 %", "files in /p/2020, 8.0 MiB, 62 %", "/p/2019, 5.0 MiB, 38 %", "files in /p/2019, 5.0 MiB, 38 %"))
	v.click(cellOf("/p/2019,"))
	v.sees(crumb, "2019")
	v.click(cellOf("files in /p/2019,"))
	v.sees(listed, lines("b.jpg", "a.png"))
	v.sees(chips, "under /p/2019  ✕")
	v.click(`document.querySelector("#crumbs button")`)
	v.sees(crumb, "everything")
	v.sees(chips, "under /p/2019  ✕")
	v.click(cellOf("/p,"))
	v.click(`document.querySelector("#crumbs .show")`)
	v.sees(chips, "under /p  ✕")
	v.click(`document.querySelector("#chips button")`)
	v.sees(counts, "4 sets · 33.0 MiB reclaimable")
}

// The map is one stop of the Tab key: arrows walk inside it.
func zoomsByKeys(v *visitor) {
	v.look(`document.querySelector("#crumbs button").focus()`)
	v.press("Tab")
	v.sees(focused, "/v, 20.0 MiB, 61 %")
	v.press("ArrowRight")
	v.sees(focused, "/p, 13.0 MiB, 39 %")
	v.sees(hint, "/p · 13.0 MiB · 39 %")
	v.sees(`document.querySelectorAll('#map [tabindex="0"]').length`, "1")
	v.press("Enter")
	v.sees(crumb, "p")
	v.sees(focused, "/p/2020, 8.0 MiB, 62 %")
	for _, key := range []string{"Backspace", "Escape"} {
		v.press(key)
		v.sees(crumb+`+" after `+key+`"`, "everything after "+key)
		v.sees(focused, "/p, 13.0 MiB, 39 %")
		v.press("Enter")
		v.sees(crumb, "p")
	}
	v.look(`document.querySelector("#crumbs button").focus()`)
	v.press("Enter")
	v.sees(crumb, "everything")
	v.sees(`document.activeElement.textContent`, "everything")
	v.press("Tab")
	v.press("Tab")
	v.sees(`document.activeElement.closest("#kinds") !== null`, "true")
}

func switchesWhatTheMapShows(v *visitor) {
	v.sees(pressed, "frees")
	v.sees(hint, "/ · 33.0 MiB reclaimable")
	v.click(cellOf("/p,"))
	v.click(`document.querySelector("[data-metric=redundant]")`)
	v.sees(pressed, "redundant")
	v.sees(crumb, "everything")
	v.sees(hint, "/ · 37.0 MiB redundant")
	v.sees(cellOf("/m,")+".ariaLabel", "/m, 4.0 MiB, 11 %")
	v.click(`document.querySelector("[data-metric=frees]")`)
	v.sees(hint, "/ · 33.0 MiB reclaimable")
	v.sees(cellOf("/m,"), "null")
}

func filtersByCharts(v *visitor) {
	v.click(kindOf("Pictures"))
	v.sees(listed, lines("b.jpg", "a.png"))
	v.sees(counts, "2 of 4 sets · 13.0 MiB reclaimable")
	v.sees(sizeOf("16–256 MiB")+".ariaLabel", "16–256 MiB: 20.0 MiB, 1 set")
	v.click(sizeOf("16–256 MiB"))
	v.sees(listed, "")
	v.sees(`document.querySelector("#sets").textContent`, "No set matches.")
	v.sees(chips, lines("Pictures  ✕", "16–256 MiB  ✕"))
	v.sees(pressed, lines("frees", "Pictures", "16–256 MiB"))
	v.click(kindOf("Pictures"))
	v.sees(listed, "film.mkv")
	v.click(`document.querySelector("#chips button")`)
	v.sees(listed, lines("film.mkv", "b.jpg", "a.png", "song.ogg"))
	v.sees(pressed, "frees")
}

func sorts(v *visitor) {
	for sort, want := range map[string]string{
		"frees":     lines("film.mkv", "b.jpg", "a.png", "song.ogg"),
		"redundant": lines("film.mkv", "b.jpg", "song.ogg", "a.png"),
		"size":      lines("film.mkv", "b.jpg", "song.ogg", "a.png"),
		"files":     lines("b.jpg", "song.ogg", "film.mkv", "a.png"),
		"newest":    lines("a.png", "song.ogg", "b.jpg", "film.mkv"),
		"path":      lines("song.ogg", "a.png", "b.jpg", "film.mkv"),
	} {
		v.look(fmt.Sprintf(`((s) => { s.value = %q; s.dispatchEvent(new Event("change")); })(document.getElementById("sort"))`, sort))
		v.sees(`document.getElementById("sort").value`, sort)
		v.sees(listed, want)
	}
}

func opensASet(v *visitor) {
	shown := `[...document.querySelectorAll("#sets .path")].filter((p) => p.checkVisibility()).map((p) => p.textContent)`
	second := `document.querySelectorAll("#sets summary")[1]`
	v.sees(shown, "")
	v.click(second)
	v.wait(shown + ".length > 0")
	v.sees(shown, lines("/p/new/b.jpg", "/p/b also.jpg", "/p/2019/b.jpg", "/p/2019/odd/b.jpg", "/p/2020/c.jpg", "/p/2020/d.jpg"))
	v.sees(`[...document.querySelectorAll("#sets .act")].map((a) => a.textContent)`, lines("keep", "link", "link", "link"))
	v.sees(`document.querySelector("#sets .meta").textContent.includes(" · 1970-01-01 00:00 UTC")`, "true")
	v.press("Enter") // the click has left the focus on the summary
	v.sees(shown, "")
	v.press("Enter")
	v.wait(shown + ".length === 6")
}

// Who uses keys goes on from where the key was pressed, though what had the focus is gone.
func keepsTheFocus(v *visitor) {
	v.look(kindOf("Pictures") + `.click()`)
	v.look(sizeOf("1–16 MiB") + `.click()`)
	for _, want := range []string{"1–16 MiB  ✕", ""} {
		v.look(`document.querySelector("#chips button").focus()`)
		v.press("Enter")
		v.sees(`document.activeElement === document.getElementById("search") ? "" : document.activeElement.textContent.slice(0, 20)`, want)
	}
	v.look(cellOf("/p,") + `.focus()`)
	v.press("Enter")
	v.look(cellOf("files in /p/2019,") + `.focus()`)
	v.press("Enter")
	v.sees(chips, "under /p/2019  ✕")
	v.sees(`document.activeElement.id`, "search")
}

// TestBrowserTurnsPages: the button that turned the page keeps the focus, or the first that can be used.
func TestBrowserTurnsPages(t *testing.T) {
	v := start(t).visit(t, pageOf(t, strings.Fields(strings.Repeat("x ", 120))...), 1200)
	v.look(`[...document.querySelectorAll("#pager button")].find((b) => b.textContent === "next ›").focus()`)
	for _, want := range []string{"next › page 2 of 3", "« first page 3 of 3", "next › page 1 of 3"} {
		v.press("Enter")
		v.sees(`document.activeElement.textContent.slice(0, 20) + " " + document.querySelector("#pager span").textContent`, want)
	}
}

// Nothing may stand out of a telephone, in a set that is open as well.
func fitsATelephone(v *visitor) {
	v.click(`document.querySelectorAll("#sets summary")[1]`)
	v.wait(`document.querySelectorAll("#sets .path").length === 6`)
	v.sees(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, "0")
	v.sees(`[...document.querySelectorAll("#sizes button")].filter((b) => b.scrollWidth > b.clientWidth || b.scrollHeight > b.clientHeight).length`, "0")
}

// No tile has a row to itself beside a full one, and no figure is cut without a sign of it.
func laysOutTheTiles(v *visitor) {
	for _, at := range []struct {
		width int
		rows  string
	}{
		{1400, "7"}, {1100, "7"}, {1000, "4|3"}, {960, "4|3"}, {800, "4|3"}, {650, "4|3"}, {600, "2|2|2|1"}, {390, "2|2|2|1"},
	} {
		v.call("Emulation.setDeviceMetricsOverride", facts{"width": at.width, "height": 900, "deviceScaleFactor": 1, "mobile": false})
		v.sees(`Object.values(Object.groupBy(document.querySelectorAll(".tile"), (t) => t.offsetTop)).map((row) => row.length)`, at.rows)
		v.sees(`[...document.querySelectorAll(".tile")].filter((t) => t.scrollWidth > t.clientWidth).length`, "0")
		v.sees(`[...document.querySelectorAll(".cell small")].filter((s) => getComputedStyle(s.closest(".low,.parent") ? s.parentElement : s).textOverflow !== "ellipsis").length`, "0")
	}
}

// A browser lays paper out after beforeprint, at a width that no script knows.
func printsAllOfIt(v *visitor) {
	v.sees(`(dispatchEvent(new Event("beforeprint")), document.querySelectorAll("#sets .path").length)`, "13")
	v.call("Emulation.setEmulatedMedia", facts{"media": "print", "features": []facts{{"name": "prefers-color-scheme", "value": "dark"}}})
	v.call("Emulation.setDeviceMetricsOverride", facts{"width": 760, "height": 900, "deviceScaleFactor": 1, "mobile": false})
	v.sees(`(() => {
		const map = document.getElementById("map").getBoundingClientRect();
		const all = [...document.querySelectorAll("#map > .cell")].map((c) => c.getBoundingClientRect());
		const right = Math.max(...all.map((c) => c.right)), bottom = Math.max(...all.map((c) => c.bottom));
		const label = all[1].top - all[0].top; // what is inside begins below the name
		return [Math.abs(right - map.right) < 3, Math.abs(bottom - map.bottom) < 3, label > 24];
	})()`, "true|true|true")
	v.sees(`getComputedStyle(document.documentElement).getPropertyValue("--accent")`, "#0b7a75")
}

// TestBrowserKeepsSpaces: two names that differ in spaces only do not look the same.
func TestBrowserKeepsSpaces(t *testing.T) {
	v := start(t).visit(t, pageOf(t, " a  b "), 1200)
	v.sees(`document.querySelector("#sets .name b").innerText`, " a  b ")
	v.click(`document.querySelector("#sets summary")`)
	v.wait(`document.querySelectorAll("#sets .path").length > 0`)
	v.sees(`[...document.querySelectorAll("#sets .path")].slice(0, 2).map((p) => p.innerText)`, lines("/d/ a  b ", "/d/ a  b / a  b "))
	v.sees(`getComputedStyle(document.querySelector("#map .cell span")).whiteSpace`, "pre")
}

// TestBrowserMapCanBeRead: white words stand out from every colour that the map has, by the
// 4.5 to 1 of WCAG 2 (1.4.3), in both schemes and however deep an area lies.
func TestBrowserMapCanBeRead(t *testing.T) {
	b, page := start(t), usePage(t)
	for _, scheme := range []string{"light", "dark"} {
		v := b.visit(t, page, 1200)
		v.call("Emulation.setEmulatedMedia", facts{"features": []facts{{"name": "prefers-color-scheme", "value": scheme}}})
		v.sees(`(() => {
			const light = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
			let least = Infinity;
			for (const cell of document.querySelectorAll("#map .cell")) for (let hue = 0; hue < 360; hue += 3) {
				cell.style.setProperty("--h", hue);
				const [r, g, b] = getComputedStyle(cell).backgroundColor.match(/[\d.]+/g).map(light);
				least = Math.min(least, 1.05 / (0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05));
			}
			const shown = [...document.querySelectorAll("#map .cell small")].every((s) => getComputedStyle(s).opacity === "1");
			return least >= 4.5 && shown || least;
		})()`, "true")
	}
}

// TestBrowserMapOfManyDirectories: a directory with more of them than the map has room for
// does not leave a hole where others belong.
func TestBrowserMapOfManyDirectories(t *testing.T) {
	sizes := map[string]int64{"/few/a": 200 << 20, "/few/b": 100 << 20}
	for i := range 900 {
		sizes[fmt.Sprintf("/many/%d", i)] = 1 << 20
	}
	v := start(t).visit(t, mapPage(t, sizes), 1200)
	for _, want := range []string{"/many, 900.0 MiB, 75 %", "/few, 300.0 MiB, 25 %", "/few/a, 200.0 MiB, 17 %"} {
		v.sees(cellOf(want[:strings.Index(want, ",")+1])+".ariaLabel", want)
	}
	v.sees(`[...document.querySelectorAll(".cell")].reduce((n, c) => n + (parseInt(c.ariaLabel) || c.ariaLabel.startsWith("/many/")), 0)`, "900")
}

// mapPage is a page with a map of directories in which so much can be won.
func mapPage(t *testing.T, sizes map[string]int64) string {
	t.Helper()
	var b strings.Builder
	w := New(&b, "map", facts{
		"where": "/", "label": "Reclaimable", "figure": 1, "lede": "", "title": "Where", "word": "reclaimable", "foot": "", "command": "",
		"stack": [][2]any{}, "tiles": [][2]any{}, "held": [][4]any{}, "notes": []string{}, "reasons": [][3]any{},
	})
	for _, path := range slices.Sorted(maps.Keys(sizes)) {
		frees := sizes[path]
		keep, link := Inode{Action: "keep", Paths: []string{path + "/keep"}}, Inode{Action: "link", Frees: frees, Redundant: frees, Paths: []string{path + "/copy"}}
		if err := w.Set(Set{Size: frees, Frees: frees, Inodes: []Inode{keep, link}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestBrowserMapCutsNoLabel: on a phone a low area has its size beside the name, not cut off
// below it.
func TestBrowserMapCutsNoLabel(t *testing.T) {
	v := start(t).visit(t, mapPage(t, map[string]int64{"/music/title": 120 << 20, "/music/year": 120 << 20, "/pictures/print": 21 << 20}), 420)
	v.sees(`[...document.querySelectorAll("#map .cell span")].filter((s) => s.offsetTop + s.offsetHeight > s.parentNode.clientHeight).map((s) => s.innerText)`, lines())
	v.sees(`document.querySelector('#map > [aria-label*="pictures"] small').textContent`, "21.0 MiB")
}
