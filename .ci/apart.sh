#!/bin/sh
# Runs a command, as root with mounts of its own: what its tests have mounted goes with it, however
# it ends. Tests want temporary files on ext4 or tmpfs: in a container those would lie on an overlay,
# whose files the program leaves alone, and on btrfs and xfs copies share blocks. There they are in memory,
# and so they are where only root gets to: some tests are another user.
set -eu
place=${GOTMPDIR:-${TMPDIR:-/tmp}}
kind=$(stat -f -c %T "$place" 2>/dev/null || echo unknown)
case $kind in ext2/ext3 | tmpfs) fit=true ;; *) fit=false ;; esac
if [ "$(id -u)" -ne 0 ] || ! unshare -m true 2>/dev/null; then
	$fit || echo "temporary files lie on a filesystem of type $kind: tests may fail there; TMPDIR can name a directory on ext4 or tmpfs" >&2
	exec "$@"
fi
if $fit && setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$place"; then exec unshare -m "$@"; fi
dir=$(TMPDIR=/tmp mktemp -d)
trap 'rmdir "$dir"' EXIT
GOTMPDIR='' TMPDIR=$dir unshare -m sh -c 'mount -t tmpfs none "$TMPDIR"; exec "$@"' sh "$@"
