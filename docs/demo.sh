#!/bin/sh
# A small library of music and pictures, before and after oneinode.
# usage: demo.sh [PROGRAM]     KEEP=1 leaves the directory for a look around
set -eu
program=$(realpath "${1:-./oneinode}")
LC_ALL=C
export LC_ALL
umask 022

place=$(mktemp -d "${TMPDIR:-/tmp}/oneinode-demo.XXXXXX")
finish() {
	if [ "${KEEP:-}" = 1 ]; then
		echo "kept: $place (its runs: oneinode runs --state-dir $place/state)"
	else
		rm -rf "$place"
	fi
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM

# The demo leaves no trace in the state and cache directories of the machine.
oneinode() {
	command=$1
	shift
	printf '\n$ oneinode %s\n' "$command${*:+ $*}"
	[ "$command" = undo ] || set -- --no-cache "$@"
	ONEINODE_STATE_DIR="$place/state" "$program" "$command" "$@"
}
say() { printf '\n# %s\n' "$*"; }

# content SEED KIB: bytes that are the same on every machine with the same awk.
content() {
	awk -v seed="$1" -v n="$(($2 * 128))" 'BEGIN {
		srand(seed)
		for (i = 0; i < n; i++) printf "%08x", int(rand() * 4294967295)
	}'
}

song() { # ARTIST YEAR TITLE SEED KIB
	mkdir -p "Music/by-artist/$1" "Music/by-year/$2" "Music/by-title"
	content "$4" "$5" >"Music/by-artist/$1/$3.flac"
	cp "Music/by-artist/$1/$3.flac" "Music/by-year/$2/$1 - $3.flac"
	cp "Music/by-artist/$1/$3.flac" "Music/by-title/$3.flac"
}

picture() { # NAME SEED KIB
	mkdir -p Pictures/2024-summer Pictures/to-print
	content "$2" "$3" >"Pictures/2024-summer/$1"
	cp "Pictures/2024-summer/$1" "Pictures/to-print/$1"
}

mkdir "$place/library"
cd "$place/library"
song "Ada Quill" 1998 "Paper Boats" 11 420
song "Ada Quill" 1998 "Slow Tide" 12 380
song "Ada Quill" 2003 "Harbour Lights" 13 510
song "The Lanterns" 2003 "Long Way Round" 14 450
song "The Lanterns" 2011 "Winter Kitchen" 15 350
picture "boat.jpg" 21 300
picture "harbour.jpg" 22 280
picture "lantern.jpg" 23 260
# As long as the other, but its last byte differs: another recording.
head -c $((420 * 1024 - 1)) "Music/by-title/Paper Boats.flac" >"Music/by-title/Paper Boats (live).flac"
printf '!' >>"Music/by-title/Paper Boats (live).flac"
# The same first half as another picture: a retouched one.
head -c $((140 * 1024)) Pictures/2024-summer/harbour.jpg >Pictures/2024-summer/harbour-retouched.jpg
content 29 140 >>Pictures/2024-summer/harbour-retouched.jpg
# The same bytes, but only for its owner: not everybody may read it.
cp Pictures/2024-summer/lantern.jpg Pictures/private.jpg
chmod 600 Pictures/private.jpg
# Two names of one file already.
ln Pictures/2024-summer/boat.jpg Pictures/cover.jpg

# What changed this very second a run would first let rest.
sleep 1

listing() {
	find . -type f -exec ls -li {} + |
		awk '{ name = $0; sub(/^.*\.\//, "", name); printf "%10s  %s  %s links  %7s bytes  %s\n", $1, $2, $3, $6, name }' |
		sort -k1,1n -k7
}
size() { du -sk . | cut -f 1; }

say "A library: every song by artist, by year and by title; pictures twice."
say "inode, mode, link count, size, name:"
listing
before=$(size)
say "du: $before KiB"

say "What is stored more than once? (scan changes nothing, ever)"
oneinode scan .

say "What would be done?"
oneinode dedupe --dry-run .

say "Do it."
oneinode dedupe .

say "The same names, the same contents; equal files are one inode now:"
listing
after=$(size)
say "du: $after KiB, it was $before KiB"
say "Left alone: the live recording and the retouched picture (other bytes), private.jpg (other mode)."

say "Once more: nothing left to do."
oneinode dedupe .

say "Changed your mind? Every path gets its own copy again."
oneinode undo
say "du: $(size) KiB"
