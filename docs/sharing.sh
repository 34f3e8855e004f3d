#!/bin/sh
# Side by side: programs that let equal files share their blocks (reflinks), each
# on a new btrfs and a new xfs with the same tree. Prints what the filesystem
# says was freed, the time, and what became of files that other programs were
# writing to meanwhile. As root; needs btrfs-progs, xfsprogs, python3, and those
# of duperemove, jdupes, rmlint, fclones that are to be compared.
#
#   docs/sharing.sh WORKDIR [oneinode [ROUNDS]]
#
# WORKDIR needs 3 GB. ROUNDS of all programs in turn (default 5); medians count.
set -eu
work=$1 oneinode=$(realpath "${2:-./oneinode}") rounds=${3:-5}
mkdir -p "$work"
work=$(realpath "$work") mnt=$work/mnt image=$work/image results=$work/results.tsv
here=$(realpath "$(dirname "$0")")
tools=oneinode
for tool in duperemove jdupes rmlint fclones; do
	if command -v "$tool" >/dev/null; then tools="$tools $tool"; else echo "not installed, left out: $tool" >&2; fi
done
mkdir -p "$mnt"
trap 'umount -q "$mnt" 2>/dev/null || true; rm -rf "$mnt" "$image" "$work/tree" "$work/home"' EXIT
trap 'exit 1' INT TERM
: >"$results"

# fresh FS: an empty filesystem, mounted.
fresh() {
	umount -q "$mnt" 2>/dev/null || true
	rm -f "$image"
	truncate -s 2G "$image"
	case $1 in
	btrfs) mkfs.btrfs -q "$image" >/dev/null ;;
	xfs) mkfs.xfs -q -m reflink=1 "$image" ;;
	esac
	mount -o loop "$image" "$mnt"
}

free() { sync -f "$mnt" && sleep 0.3 && sync -f "$mnt" && stat -f -c '%f %S' "$mnt" | awk '{ printf "%.0f\n", $1 * $2 }'; }

# share TOOL DIR: let equal files of the directory share their blocks.
share() {
	rm -rf "$work/home"
	mkdir -p "$work/home"
	(cd "$work/home" && case $1 in
	oneinode) "$oneinode" dedupe -q --no-cache --state-dir "$work/home" --link reflink "$2" ;;
	duperemove) duperemove -dr -q "$2" ;;
	jdupes) jdupes -q -r -B "$2" ;;
	rmlint) rmlint -o sh:rmlint.sh -c sh:handler=clone "$2" && sh rmlint.sh -d -q ;;
	fclones) fclones -q group --min 1 "$2" >groups && fclones -q dedupe <groups ;;
	esac) >"$work/log" 2>&1 || echo "$1: ended with $?: $(tail -1 "$work/log")" >&2
}

run() { # FS TOOL
	fresh "$1"
	cp -a "$work/tree" "$mnt/tree"
	before=$(free)
	python3 "$here/sharing.py" inodes "$mnt/tree" >"$work/before"
	start=$(date +%s%N)
	share "$2" "$mnt/tree"
	end=$(date +%s%N)
	after=$(free)
	python3 "$here/sharing.py" inodes "$mnt/tree" >"$work/after"
	diff -rq --no-dereference "$work/tree" "$mnt/tree" >"$work/differs" || true
	printf 'share\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$((after - before))" "$(((end - start) / 1000000))" \
		"$(wc -l <"$work/differs")" "$(diff "$work/before" "$work/after" | grep -c '^<')" >>"$results"
}

# writers FS TOOL: the same with programs at work in the tree.
writers() {
	fresh "$1"
	mkdir "$mnt/tree"
	python3 "$here/sharing.py" equal "$mnt/tree"
	sync -f "$mnt"
	rm -f "$work/written"
	nice -n -15 python3 "$here/sharing.py" write "$mnt/tree" "$work/stop" >"$work/written" &
	writer=$!
	until [ -s "$work/written" ] 2>/dev/null; do sleep 0.02; done
	share "$2" "$mnt/tree"
	touch "$work/stop"
	wait "$writer"
	rm -f "$work/stop"
	printf 'write\t%s\t%s\t%s\n' "$1" "$2" "$(tail -1 "$work/written")" >>"$results"
}

rm -rf "$work/tree"
mkdir "$work/tree"
python3 "$here/sharing.py" tree "$work/tree"
for round in $(seq "$rounds"); do
	for fs in btrfs xfs; do
		for tool in $tools; do
			run "$fs" "$tool"
			writers "$fs" "$tool"
		done
	done
	echo "round $round of $rounds" >&2
done
"$oneinode" version | head -1
for tool in $tools; do
	case $tool in
	duperemove) duperemove --version 2>&1 | head -1 ;;
	jdupes) jdupes -v | head -1 ;;
	rmlint) rmlint --version 2>&1 | head -1 ;;
	fclones) fclones --version ;;
	esac
done
uname -r
python3 "$here/sharing.py" table "$results"
