"use strict";
(() => {
const $ = (id) => document.getElementById(id);
const data = JSON.parse($("data").textContent);
$("data").remove();
const facts = data.facts, sets = data.sets || [], skipped = data.skipped || [], names = data.names;
const up = data.parents, dirNames = data.dirs;

// Positions in the rows; they are written by rows.go.
const SIZE = 0, FREES = 1, PLACE = 2, INODES = 3;
const ACTION = 0, TWICE = 1, GAIN = 2, ATTRS = 3, MTIME = 4, NOTE = 5, ELSE = 6, PATHS = 7;
const WORDS = ["keep", "link", "hold", ""];

// el makes an element; text is always text, never markup.
function el(tag, props, ...kids) {
  const e = document.createElement(tag);
  for (const k in props) {
    if (k === "class") e.className = props[k];
    else if (k in e && typeof props[k] !== "string") e[k] = props[k];
    else e.setAttribute(k, props[k]);
  }
  e.append(...kids.filter((k) => k !== null && k !== undefined));
  return e;
}
// tenths rounds as the text does: what lies between two of them goes to the even one.
function tenths(n) {
  const t = Math.round(n * 10);
  return (t - n * 10 === 0.5 && t % 2 ? t - 1 : t) / 10;
}
function size(n) {
  if (n < 1024) return n + " B";
  let u = 0;
  for (n /= 1024; n * 10 >= 10239.5 && u < 5; u++) n /= 1024;
  return tenths(n).toFixed(1) + " " + "KMGTPE"[u] + "iB";
}
const count = (n) => n.toLocaleString("en-US");
const counted = (n, one, many) => count(n) + " " + (n === 1 ? one : many);
const percent = (part, all) => (all > 0 ? (part * 100 / all).toFixed(part * 10 < all ? 1 : 0) : "0") + " %";

// Paths. A directory's text is put together once; between is what stands before what is in it.
const dirTexts = [""];
const between = (d) => d === 0 || dirNames[d].endsWith("/") ? "" : "/";
function dirText(d) {
  const way = [];
  for (; dirTexts[d] === undefined; d = up[d]) way.push(d);
  let t = dirTexts[d];
  for (const d of way.reverse()) t = dirTexts[d] = t + between(up[d]) + dirNames[d];
  return t;
}
const join = (d, base) => dirText(d) + between(d) + base;
// eachPath calls f(directory, base) for all paths of a set until f returns true.
function eachPath(set, f) {
  let last = "";
  for (let i = INODES; i < set.length; i++) {
    const inode = set[i];
    for (let p = PATHS; p < inode.length; p += 2) {
      if (inode[p + 1] !== 0) last = inode[p + 1];
      if (f(inode[p], last)) return true;
    }
  }
  return false;
}
const files = (set) => set.length - INODES;
const redundant = (set) => set.slice(INODES).reduce((sum, n) => sum + n[TWICE], 0);
function firstPath(set) { return [set[INODES][PATHS], set[INODES][PATHS + 1] || ""]; }

// Kinds of files by their suffix.
const GROUPS = {
  "Pictures": "jpg jpeg png gif webp tif tiff bmp heic heif avif svg raw cr2 cr3 nef arw dng orf rw2 psd xcf ico",
  "Video": "mp4 mkv avi mov m4v webm mpg mpeg wmv flv ts vob 3gp mts m2ts",
  "Music": "mp3 flac wav ogg opus m4a aac wma aiff aif alac mid",
  "Documents": "pdf doc docx odt rtf txt md tex xls xlsx ods csv ppt pptx odp epub mobi djvu ps",
  "Archives": "zip gz tgz bz2 xz zst 7z rar tar lz4 lzma jar war deb rpm apk cab whl crate",
  "Disk images": "iso img qcow2 vmdk vdi vhd vhdx dmg raw2",
  "Programs": "exe dll so dylib a o lib bin class pyc pyo ko elf wasm msi",
  "Source code": "c h cc cpp hpp go rs py js ts2 jsx tsx java kt rb php pl sh bash html htm css scss json xml yaml yml toml sql lua cs swift m proto mod sum",
  "Databases": "db sqlite sqlite3 mdb accdb parquet frm ibd",
  "Fonts": "ttf otf woff woff2",
  "Mail": "eml mbox msg pst",
};
const kindOf = new Map();
for (const g in GROUPS) for (const e of GROUPS[g].split(" ")) kindOf.set(e, g);
function kind(base) {
  const dot = base.lastIndexOf(".");
  if (dot <= 0) return "Without suffix";
  return kindOf.get(base.slice(dot + 1).toLowerCase()) || "Other";
}
const STEPS = [["< 4 KiB", 4096], ["4–64 KiB", 65536], ["64 K–1 MiB", 1 << 20], ["1–16 MiB", 1 << 24], ["16–256 MiB", 1 << 28], ["256 M–4 GiB", 2 ** 32], ["> 4 GiB", Infinity]];
const step = (n) => STEPS.findIndex((s) => n < s[1]);

// One pass over everything.
const kinds = new Map(), steps = STEPS.map(() => ({ frees: 0, redundant: 0, sets: 0 }));
const setKind = new Array(sets.length);
const own = { frees: new Float64Array(dirNames.length), redundant: new Float64Array(dirNames.length) };
let allFrees = 0;
sets.forEach((s, i) => {
  allFrees += s[FREES];
  const k = setKind[i] = kind(firstPath(s)[1]), twice = redundant(s);
  if (!kinds.has(k)) kinds.set(k, { frees: 0, redundant: 0, sets: 0 });
  for (const sum of [kinds.get(k), steps[step(s[SIZE])]]) {
    sum.frees += s[FREES]; sum.redundant += twice; sum.sets++;
  }
  for (let j = INODES; j < s.length; j++) {
    own.frees[s[j][PATHS]] += s[j][GAIN];
    own.redundant[s[j][PATHS]] += s[j][TWICE];
  }
});
const weighed = allFrees > 0 ? "frees" : "redundant"; // nothing reclaimable: show what is there twice

// Head.
function head() {
  $("where").textContent = facts.where;
  $("hero-label").textContent = facts.label;
  const [n, unit] = size(facts.figure).split(" ");
  $("hero-figure").append(n, el("small", {}, unit));
  $("hero-text").textContent = facts.lede;
  if (facts.next) {
    $("next").hidden = false;
    $("next-command").textContent = facts.next;
    copier($("next-copy"), facts.next);
  }
  $("map-title").textContent = facts.title;
  document.querySelector("[data-metric=frees]").textContent = $("sort").options[0].textContent = facts.word;
  const all = facts.stack.reduce((a, s) => a + s[1], 0);
  facts.stack.forEach(([label, bytes], i) => {
    if (bytes <= 0) return;
    const part = el("span", { class: "s" + (i + 1), title: label + ": " + size(bytes) });
    part.style.flexGrow = bytes / all; part.style.flexBasis = "0";
    $("stack").append(part);
    $("legend").append(el("li", {}, el("i", { class: "s" + (i + 1) }), el("b", {}, size(bytes)), " " + label));
  });
  for (const [figure, label] of facts.tiles) $("tiles").append(el("div", { class: "tile" }, el("b", {}, figure), el("span", {}, label)));
  $("foot").append(facts.foot, " ", el("code", {}, facts.command));
}
function copier(button, text) {
  button.addEventListener("click", async () => {
    try { await navigator.clipboard.writeText(text); button.textContent = "copied"; } catch { button.textContent = "select and copy it by hand"; }
    setTimeout(() => { button.textContent = "copy"; }, 1800);
  });
}

// Map of directories.
const kidsOf = dirNames.map(() => null);
for (let d = 1; d < dirNames.length; d++) (kidsOf[up[d]] ||= []).push(d);
function totals(metric) {
  const t = Float64Array.from(own[metric]);
  for (let d = t.length - 1; d > 0; d--) t[up[d]] += t[d]; // parents have smaller numbers
  return t;
}
let metric = weighed, total = totals(metric), here = 0;
// settle goes down while there is but one way.
function settle(d) {
  for (;;) {
    const kids = (kidsOf[d] || []).filter((k) => total[k] > 0);
    if (kids.length !== 1 || own[metric][d] > 0) return d;
    d = kids[0];
  }
}
function parts(d) {
  const out = (kidsOf[d] || []).filter((k) => total[k] > 0).map((k) => ({ dir: k, bytes: total[k] }));
  if (own[metric][d] > 0) out.push({ dir: d, bytes: own[metric][d], file: true });
  return out.sort((a, b) => b.bytes - a.bytes);
}
// fit makes one part of the smallest where there is not room for all.
function fit(items, room) {
  const rest = items.splice(items.length > room ? room - 1 : items.length);
  if (rest.length) items.push({ bytes: rest.reduce((a, i) => a + i.bytes, 0), more: rest.length });
  return items.sort((a, b) => b.bytes - a.bytes);
}
// squarify lays items out in a rectangle, each as near to a square as it goes.
function squarify(items, x, y, w, h, place) {
  let left = items.reduce((a, i) => a + i.bytes, 0), at = 0;
  while (at < items.length && left > 0 && w > 0 && h > 0) {
    const side = Math.min(w, h), scale = w * h / left;
    let row = 0, n = 0, worst = Infinity;
    while (at + n < items.length) {
      const next = row + items[at + n].bytes, area = next * scale;
      const big = items[at].bytes * scale, small = items[at + n].bytes * scale;
      const ratio = Math.max(side * side * big / (area * area), area * area / (side * side * small));
      if (ratio > worst) break;
      worst = ratio; row = next; n++;
    }
    const thick = row * scale / side;
    let along = 0;
    for (let i = at; i < at + n; i++) {
      const length = items[i].bytes * scale / thick;
      if (w >= h) place(items[i], x, y + along, thick, length); else place(items[i], x + along, y, length, thick);
      along += length;
    }
    if (w >= h) { x += thick; w -= thick; } else { y += thick; h -= thick; }
    left -= row; at += n;
  }
}
const HUES = [176, 214, 262, 32, 340, 96, 196, 14, 290, 54, 236, 130];
const short = (d, from) => {
  let t = dirNames[d];
  for (let p = up[d]; p !== from && p !== 0; p = up[p]) t = dirNames[p] + between(p) + t;
  return t;
};
// drawMap lays the map out for the box that it has, or that it will have on paper;
// the places are shares of it, for the last word on the width is the browser's.
function drawMap(paper) {
  const map = $("map"), box = paper || map.getBoundingClientRect();
  map.replaceChildren();
  if (total[here] <= 0) { map.append(el("p", { class: "empty" }, "Nothing to show.")); crumbs(); return; }
  const cells = [];
  let nth = 0;
  // Each directory has room for cells by its area, so that none takes that of another.
  const draw = (d, x, y, w, h, hue, deep) => {
    const room = Math.floor(4 + 600 * w * h / (box.width * box.height));
    squarify(fit(parts(d), room), x, y, w, h, (item, x, y, w, h) => {
      if (w < 3 || h < 3) return;
      const h0 = deep === 0 ? HUES[nth++ % HUES.length] : hue;
      const isDir = !item.file && !item.more, to = isDir ? settle(item.dir) : d;
      const what = item.file ? "files in " : item.more ? item.more + " more in " : "";
      const label = item.file ? "files here" : item.more ? item.more + " more" : short(to, d);
      const cell = el("button", { type: "button", class: "cell" + (isDir ? "" : " file"), tabindex: cells.length ? "-1" : "0" });
      cell.setAttribute("aria-label", what + dirText(isDir ? item.dir : d) + ", " + size(item.bytes) + ", " + percent(item.bytes, total[here]));
      const gap = deep === 0 ? 2 : 1;
      const of = (length, all) => length * 100 / all + "%", less = (share) => "calc(" + share + " - " + gap + "px)";
      Object.assign(cell.style, { left: of(x, box.width), top: of(y, box.height), width: less(of(w, box.width)), height: less(of(h, box.height)) });
      cell.style.setProperty("--h", h0); cell.style.setProperty("--d", deep * 2);
      cell.info = { dir: to, file: item.file, what, bytes: item.bytes, x, y, w, h };
      if (h <= 42) cell.classList.add("low");
      if (w > 54 && h > 24) cell.append(el("span", {}, label, el("small", {}, size(item.bytes))));
      map.append(cell); cells.push(cell);
      if (isDir && deep < 2 && w > 90 && h > 70 && parts(to).length) {
        cell.classList.add("parent");
        draw(to, x + 4, y + 26, w - 8 - gap, h - 30 - gap, h0, deep + 1);
      }
    });
  };
  draw(here, 0, 0, box.width + 2, box.height + 2, 0, 0);
  crumbs();
}
const crumbOf = (d) => dirNames[d].replace(/\/$/, "");
function crumbs() {
  const nav = $("crumbs"), chain = [];
  for (let d = here; d !== 0; d = up[d]) if (crumbOf(d)) chain.unshift(d);
  nav.replaceChildren();
  const add = (text, d, current) => nav.append(el("button", Object.assign({ type: "button", onclick: (e) => { go(d); if (e.detail === 0) nav.querySelector("[aria-current]").focus(); } }, current ? { "aria-current": "true" } : {}), text));
  add("everything", 0, chain.length === 0);
  chain.forEach((d, i) => { nav.append("/"); add(crumbOf(d), d, i === chain.length - 1); });
  if (here !== 0 && here !== settle(0)) nav.append(el("button", { type: "button", class: "show", onclick: (e) => { filter.dir = here; showSets(e); } }, "show these sets ↓"));
  hint();
}
function hint() {
  $("map-hint").textContent = dirText(here) + (here ? " · " : "") + size(total[here]) + " " + (metric === "frees" ? facts.word : "redundant");
}
function go(d) { here = settle(d); drawMap(); }
function goUp() {
  const from = here, cells = $("map").children;
  let d = up[from];
  while (d !== 0 && settle(d) === from) d = up[d];
  if (settle(d) === from) return;
  go(d);
  ([...cells].find((c) => c.info && !c.info.file && c.info.dir === from) || cells[0]).focus();
}
function mapEvents() {
  const map = $("map");
  const tell = (c) => { if (c?.info) $("map-hint").textContent = c.info.what + (dirText(c.info.dir) || "everything") + " · " + size(c.info.bytes) + " · " + percent(c.info.bytes, total[here]); };
  map.addEventListener("pointerover", (e) => tell(e.target.closest(".cell")));
  map.addEventListener("pointerleave", hint);
  map.addEventListener("focusin", (e) => {
    const c = e.target.closest(".cell");
    if (!c) return;
    map.querySelectorAll('[tabindex="0"]').forEach((o) => { o.tabIndex = -1; });
    c.tabIndex = 0; tell(c);
  });
  map.addEventListener("click", (e) => {
    const c = e.target.closest(".cell");
    if (!c) return;
    const keyboard = e.detail === 0;
    if (c.info.file || c.info.dir === here) { filter.dir = c.info.dir; showSets(e); return; }
    go(c.info.dir);
    if (keyboard) map.querySelector(".cell")?.focus();
  });
  map.addEventListener("keydown", (e) => {
    const c = document.activeElement;
    if (e.key === "Escape" || e.key === "Backspace") { e.preventDefault(); goUp(); return; }
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key];
    if (!way || !c?.info) return;
    e.preventDefault();
    const mid = (i) => [i.x + i.w / 2, i.y + Math.min(i.h / 2, 13)];
    const [cx, cy] = mid(c.info);
    let best = null, least = Infinity;
    for (const o of map.children) {
      if (o === c || !o.info) continue;
      const [ox, oy] = mid(o.info), ahead = (ox - cx) * way[0] + (oy - cy) * way[1], aside = Math.abs((ox - cx) * way[1]) + Math.abs((oy - cy) * way[0]);
      if (ahead > 1 && ahead + 2 * aside < least) { least = ahead + 2 * aside; best = o; }
    }
    best?.focus();
  });
  for (const b of document.querySelectorAll("[data-metric]")) b.addEventListener("click", () => show(b.dataset.metric));
  let timer;
  addEventListener("resize", () => { clearTimeout(timer); timer = setTimeout(() => drawMap(), 120); });
}
function show(m) {
  metric = m; total = totals(m);
  for (const b of document.querySelectorAll("[data-metric]")) b.setAttribute("aria-pressed", String(b.dataset.metric === m));
  go(0);
}

// Charts, which are filters too.
const filter = { kind: null, step: -1, dir: 0, words: "" };
function charts() {
  $("charts").hidden = sets.length === 0;
  const rows = [...kinds].sort((a, b) => b[1][weighed] - a[1][weighed] || b[1].sets - a[1].sets);
  const most = Math.max(1, ...rows.map((r) => r[1][weighed]));
  for (const [k, v] of rows.slice(0, 12)) {
    const bar = el("i", {});
    bar.style.width = v[weighed] * 100 / most + "%";
    const b = el("button", { type: "button", title: counted(v.sets, "set", "sets"), "aria-pressed": "false" }, el("span", {}, k), el("span", { class: "rail" }, bar), el("em", {}, size(v[weighed])));
    b.addEventListener("click", () => { filter.kind = filter.kind === k ? null : k; apply(); });
    b.kind = k;
    $("kinds").append(b);
  }
  const top = Math.max(1, ...steps.map((s) => s[weighed]));
  steps.forEach((s, i) => {
    const bar = el("i", {});
    bar.style.height = s[weighed] * 166 / top + "px";
    const b = el("button", { type: "button", "aria-pressed": "false", "aria-label": STEPS[i][0] + ": " + size(s[weighed]) + ", " + counted(s.sets, "set", "sets") },
      el("b", {}, s.sets ? size(s[weighed]) : ""), bar, el("span", { class: "step" }, ...STEPS[i][0].split(/(?<=–)/).flatMap((t, j) => j ? [el("br", {}), t] : [t])), el("span", {}, count(s.sets)));
    b.title = counted(s.sets, "set", "sets");
    b.addEventListener("click", () => { filter.step = filter.step === i ? -1 : i; apply(); });
    $("sizes").append(b);
  });
}

function held() {
  const box = $("held");
  for (const [bytes, what, how, flag] of facts.held) {
    box.append(el("div", { class: "rule" }, el("b", {}, size(bytes)), el("p", {}, what), el("p", {}, how, flag ? el("code", {}, flag) : null)));
  }
  for (const note of facts.notes) box.append(el("p", { class: "aside" }, note));
  $("held-card").hidden = facts.held.length + facts.notes.length === 0;
}

// The list of sets.
const PAGE = 50;
let order = [], page = 0;
const SORTS = {
  frees: (a, b) => sets[b][FREES] - sets[a][FREES] || a - b,
  redundant: (a, b) => redundant(sets[b]) - redundant(sets[a]) || a - b,
  size: (a, b) => sets[b][SIZE] - sets[a][SIZE] || a - b,
  files: (a, b) => files(sets[b]) - files(sets[a]) || a - b,
  newest: (a, b) => newest(b) - newest(a) || a - b,
  path: (a, b) => { const x = join(...firstPath(sets[a])), y = join(...firstPath(sets[b])); return x < y ? -1 : x > y ? 1 : a - b; },
};
const newestOf = [];
function newest(i) {
  return newestOf[i] ??= sets[i].slice(INODES).reduce((t, n) => Math.max(t, n[MTIME]), -Infinity);
}
let lower = null;
// plain is a text to search in: small letters, each with its marks as one character, however it is written.
const plain = (text) => text.toLowerCase().normalize();
function matcher() {
  const words = plain(filter.words).split(/\s+/).filter(Boolean);
  let inside = null;
  if (filter.dir) {
    inside = new Uint8Array(dirNames.length);
    for (let d = 1; d < inside.length; d++) inside[d] = d === filter.dir || inside[up[d]] ? 1 : 0;
  }
  if (words.length) lower ||= dirNames.map((_, d) => plain(dirText(d)) + between(d));
  return (i) => {
    const s = sets[i];
    if (filter.kind !== null && setKind[i] !== filter.kind) return false;
    if (filter.step >= 0 && step(s[SIZE]) !== filter.step) return false;
    if (inside && !eachPath(s, (d) => inside[d])) return false;
    return words.length === 0 || eachPath(s, (d, base) => { const p = lower[d] + plain(base); return words.every((w) => p.includes(w)); });
  };
}
function apply() {
  const fits = matcher();
  order = [];
  for (let i = 0; i < sets.length; i++) if (fits(i)) order.push(i);
  if ($("sort").value !== "frees" ) order.sort(SORTS[$("sort").value]);
  page = 0;
  let bytes = 0;
  for (const i of order) bytes += sets[i][FREES];
  const left = (facts.setsLeft || 0) > 0 ? " · " + counted(facts.setsLeft, "smaller set is", "smaller sets are") + " only in the sums" : "";
  $("sets-count").textContent = (order.length === sets.length ? counted(sets.length, "set", "sets") : count(order.length) + " of " + counted(sets.length, "set", "sets")) + " · " + size(bytes) + " " + facts.word + left;
  const chips = $("chips");
  chips.replaceChildren();
  const chip = (text, clear) => chips.append(el("button", { type: "button", onclick: (e) => { clear(); apply(); if (e.detail === 0) (chips.querySelector("button") || $("search")).focus(); }, "aria-label": "remove the filter " + text }, text + "  ✕"));
  if (filter.kind !== null) chip(filter.kind, () => { filter.kind = null; });
  if (filter.step >= 0) chip(STEPS[filter.step][0], () => { filter.step = -1; });
  if (filter.dir) chip("under " + dirText(filter.dir), () => { filter.dir = 0; });
  for (const b of $("kinds").children) b.setAttribute("aria-pressed", String(b.kind === filter.kind));
  [...$("sizes").children].forEach((b, i) => b.setAttribute("aria-pressed", String(i === filter.step)));
  list();
}
// showSets goes to the list, and so does the focus of who uses keys.
function showSets(e) {
  apply();
  $("sets-card").scrollIntoView();
  if (e.detail === 0) $("search").focus({ preventScroll: true });
}
function list() {
  const box = $("sets");
  box.replaceChildren();
  for (const i of order.slice(page * PAGE, (page + 1) * PAGE)) box.append(row(i));
  if (order.length === 0) box.append(el("li", { class: "empty" }, sets.length ? "No set matches." : "No duplicates found."));
  const pages = Math.ceil(order.length / PAGE), nav = $("pager");
  nav.replaceChildren();
  if (pages < 2) return;
  const turn = (text, to, off) => nav.append(el("button", { type: "button", disabled: off, onclick: () => { page = to; list(); stay(text); $("sets-card").scrollIntoView(); } }, text));
  const stay = (text) => { const on = [...nav.querySelectorAll("button:enabled")]; (on.find((b) => b.textContent === text) || on[0]).focus({ preventScroll: true }); };
  turn("« first", 0, page === 0);
  turn("‹ back", page - 1, page === 0);
  nav.append(el("span", {}, "page " + count(page + 1) + " of " + count(pages)));
  turn("next ›", page + 1, page + 1 >= pages);
  turn("last »", pages - 1, page + 1 >= pages);
}
function row(i) {
  const s = sets[i], [d, base] = firstPath(s);
  const details = el("details", {}, el("summary", {},
    el("span", { class: "worth" + (s[FREES] ? "" : " none") }, s[FREES] ? size(s[FREES]) : "nothing"),
    el("span", { class: "name" }, el("b", {}, base || "?"), el("small", {}, dirText(d))),
    el("span", { class: "what" }, files(s) + " × " + size(s[SIZE]))));
  details.fill = () => { if (details.children.length === 1) details.append(inodes(s)); };
  details.addEventListener("toggle", () => { if (details.open) details.fill(); });
  return el("li", {}, details);
}
const SHOWN = 400; // paths of one set that are put on the page at once
function inodes(s) {
  const box = el("ul", { class: "inodes" });
  let left = SHOWN, last = "", hidden = 0;
  for (let i = INODES; i < s.length; i++) {
    const n = s[i], cell = el("div", {});
    for (let p = PATHS; p < n.length; p += 2) {
      if (n[p + 1] !== 0) last = n[p + 1];
      if (left-- <= 0) { hidden++; continue; }
      cell.append(el("span", { class: "path" + (p > PATHS ? " more" : "") }, join(n[p], last)));
    }
    if (!cell.children.length) continue;
    if (n[NOTE]) cell.append(el("p", { class: "note" }, names[n[NOTE]]));
    if (n[ELSE]) for (const p of n[ELSE]) cell.append(el("span", { class: "path more" }, p));
    cell.append(el("p", { class: "meta" }, names[n[ATTRS]] + " · " + new Date(n[MTIME] * 1000).toISOString().slice(0, 16).replace("T", " ") + " UTC" + (n[GAIN] ? " · frees " + size(n[GAIN]) : "")));
    box.append(el("li", {}, el("span", { class: "act " + WORDS[n[ACTION]] }, WORDS[n[ACTION]]), cell));
  }
  if (hidden) box.append(el("li", { class: "more" }, el("span", {}), el("span", {}, "… and " + counted(hidden, "more path", "more paths"))));
  if (s[PLACE]) box.append(el("li", { class: "more" }, el("span", {}), el("span", {}, names[s[PLACE]])));
  return box;
}

function leftOut() {
  const box = $("skipped"), by = new Map();
  for (const s of skipped) (by.get(s[1]) || by.set(s[1], []).get(s[1])).push(s);
  for (const [reason, n, bad] of facts.reasons) {
    const known = by.get(names.indexOf(reason)) || [];
    const details = el("details", { class: "reason" }, el("summary", {}, el("span", { class: "worth" + (bad ? " bad" : "") }, count(n)), el("span", { class: bad ? "bad" : "" }, reason)));
    details.addEventListener("toggle", () => {
      if (!details.open || details.children.length > 1) return;
      const list = el("ul", {});
      for (const s of known.slice(0, 500)) list.append(el("li", {}, el("span", { class: "path" }, s[0]), s[2] ? el("span", { class: "meta" }, s[2]) : null));
      const more = n - Math.min(known.length, 500);
      if (more > 0) list.append(el("li", { class: "more" }, (known.length ? "… and " + count(more) + " more" : count(more)) + ", listed by --format json"));
      details.append(list);
    });
    box.append(details);
  }
  $("skipped-card").hidden = facts.reasons.length === 0;
}

head();
charts();
held();
leftOut();
$("main").hidden = false;
$("map-card").hidden = sets.length === 0;
mapEvents();
show(metric);
// A link may ask for a search: report.html#q=2019+jpg&sort=size&open=1
const asked = new URLSearchParams(location.hash.slice(1));
filter.words = $("search").value = asked.get("q") || "";
if (SORTS[asked.get("sort")]) $("sort").value = asked.get("sort");
apply();
if (asked.get("open")) for (const d of $("sets").querySelectorAll("details")) d.open = true;
let typing;
$("search").addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(() => { filter.words = $("search").value; apply(); }, 150); });
$("sort").addEventListener("change", apply);
// The toggle event would come after the print.
addEventListener("beforeprint", () => {
  for (const d of $("sets").querySelectorAll("details")) { d.fill(); d.open = true; }
  drawMap({ width: 700, height: 300 }); // about a sheet's width, and the height in page.css
});
addEventListener("afterprint", () => drawMap());
document.documentElement.dataset.ready = String(Math.round(performance.now()));
})();
