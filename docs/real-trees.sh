#!/bin/sh
# Proves on real trees what the README claims: copies a tree (with a second copy
# of half of it), compares `scan` with jdupes set by set, runs `dedupe`, and
# looks at everything that must not have changed. Needs jdupes, rsync, python3.
#
#   docs/real-trees.sh TREE WORKDIR [oneinode]
#
# WORKDIR needs room for three copies of TREE.
set -eu
if [ $# -lt 2 ] || [ $# -gt 3 ]; then
	echo "usage: docs/real-trees.sh TREE WORKDIR [oneinode]" >&2
	exit 2
fi
tree=$1 work=$2 oneinode=${3:-./oneinode}
for tool in jdupes rsync python3 "$oneinode"; do
	command -v "$tool" >/dev/null || { echo "real-trees.sh: needs $tool" >&2; exit 1; }
done
mkdir -p "$work"
copy=$work/copy plain=$work/untouched state=$work/state
rm -rf "$copy" "$plain" "$state"
mkdir -p "$copy" "$plain"

echo "== copying $tree, and every second entry of it once more"
rsync -aHAX "$tree/" "$copy/one/"
mkdir -p "$copy/two"
ls "$copy/one" | awk 'NR % 2' | while read -r entry; do
	cp -a "$copy/one/$entry" "$copy/two/"
done
rsync -aHAX "$copy/" "$plain/"
sync

echo "== scan against jdupes, set by set"
"$oneinode" scan --no-cache -q -o "$work/scan.json" "$copy"
jdupes -r -H -q "$copy" >"$work/jdupes.txt" 2>"$work/jdupes.err" || true
python3 - "$work/scan.json" "$work/jdupes.txt" <<'PY'
import base64, json, os, sys
def raw(p): return base64.b64decode(p["path_b64"]) if "path_b64" in p else p["path"].encode()
ours = {frozenset(raw(p) for i in s["inodes"] for p in i["paths"]) for s in json.load(open(sys.argv[1]))["sets"]}
theirs = set()
for block in open(sys.argv[2], "rb").read().split(b"\n\n"):
    paths = frozenset(p for p in block.split(b"\n") if p)
    if len({os.lstat(p).st_ino for p in paths}) > 1:  # names of one inode only are no duplicates here
        theirs.add(paths)
print(f"oneinode {len(ours)} sets, jdupes {len(theirs)} sets, only oneinode {len(ours - theirs)}, only jdupes {len(theirs - ours)}")
for s in list(ours ^ theirs)[:5]: print(sorted(s)[:4])
sys.exit(ours != theirs)
PY

echo "== dedupe: what it said, what it did, what the filesystem says"
"$oneinode" dedupe --no-cache -n -q -o "$work/plan.json" "$copy"
sync; before=$(df --output=avail -B1 "$copy" | tail -1)
"$oneinode" dedupe --no-cache --state-dir "$state" -q -o "$work/run.json" "$copy"
sync; after=$(df --output=avail -B1 "$copy" | tail -1)
python3 - "$work/plan.json" "$work/run.json" "$((after - before))" <<'PY'
import json, sys
plan, run = (json.load(open(f))["summary"] for f in sys.argv[1:3])
said, freed, seen = plan["reclaimable_bytes"], run["freed_bytes"], int(sys.argv[3])
print(f"reclaimable {said}, freed {freed}, filesystem {seen} (others write to it, too), linked {run['linked']} in {run['seconds']['link']} s")
sys.exit(said != freed)
PY

echo "== a second run finds nothing to do"
"$oneinode" dedupe --no-cache --state-dir "$state" -q -o "$work/again.json" "$copy"
python3 -c 'import json,sys; s=json.load(open(sys.argv[1]))["summary"]; print("linked", s["linked"], "reclaimable", s["reclaimable_bytes"]); sys.exit(s["linked"] or s["reclaimable_bytes"])' "$work/again.json"

echo "== against the untouched copy: content, owners, modes, xattrs, directory times"
diff -r --no-dereference "$copy" "$plain"
# Times of files are not part of the default --match, those of directories stay.
rsync -aAXnic --delete "$plain/" "$copy/" | grep -v '^\.f\.\.t\.\.\.\.\.\. ' | tee "$work/differences.txt" | head
[ ! -s "$work/differences.txt" ]

echo "== undo: everything is back, times included"
"$oneinode" undo --state-dir "$state" -q
rsync -aHAXnic --delete "$plain/" "$copy/" | tee "$work/differences.txt" | head
[ ! -s "$work/differences.txt" ]
echo "== all good"
