#!/bin/sh
# Prints the name of an overlay for go's -overlay, made in the directory $1: with it the files for
# Linux are not there, and those for other systems stand in for them. So what macOS and FreeBSD
# get can be run, and tested, on Linux.
set -eu
dir=$(realpath "$1")

# pair prints a line of the overlay: $2 instead of $1, nothing instead of it where $2 is "".
pair() { printf '%s"%s": "%s"' "$separator" "$PWD/$1" "$2"; separator=",
"; }

{
	separator=
	printf '{"Replace": {\n'
	for file in $(find cmd dedupe hash report scan -name '*.go'); do
		case $file in *_linux.go | *_linux_test.go) pair "$file" ""; continue ;; esac
		constraint=$(sed -n 's#^//go:build ##p' "$file")
		case $constraint in
		"!linux" | "unix && !linux")
			sed '/^\/\/go:build/d' "$file" >"$dir/$(echo "$file" | tr / +)"
			pair "$file" "$dir/$(echo "$file" | tr / +)" ;;
		linux*) pair "$file" "" ;;
		esac
	done
	printf '}}\n'
} >"$dir/overlay.json"
echo "$dir/overlay.json"
