#!/bin/sh
# Installs dist/*.deb in a throwaway copy of this machine (an overlay in a mount
# namespace of its own), runs a job as the unit would, and removes it again.
# As root, after "make package".
set -eu
cd "$(dirname "$0")/.."
skip() {
	[ "${CI:-}" != true ] || { echo "CI=true: $*" >&2; exit 1; }
	echo "skipped: $*"
	exit 0
}
if [ "${1:-}" != inside ]; then
	[ "$(id -u)" -eq 0 ] || { echo "skipped: not root, cannot install a package"; exit 0; }
	# Names of directories stand uncompressed in the header of an .rpm.
	grep -aq /usr/share/zsh/site-functions/ dist/*.rpm || { echo "FAILED: zsh of rpm systems finds no completion" >&2; exit 1; }
	for tool in dpkg unshare man systemd-analyze; do
		command -v $tool >/dev/null || skip "$tool is not installed"
	done
	exec unshare --mount --propagation private sh "$0" inside
fi

# The upper layer is on a tmpfs: a layer beneath another one is refused.
work=$(mktemp -d)
trap 'umount -l "$work"; rmdir "$work"' EXIT
mount -t tmpfs none "$work"
mkdir "$work/upper" "$work/work" "$work/root"
mount -t overlay -o "lowerdir=/,upperdir=$work/upper,workdir=$work/work" none "$work/root" || skip "no overlay on this filesystem"
mount -t proc none "$work/root/proc"
mount --rbind /dev "$work/root/dev"
mount -t tmpfs none "$work/root/tmp"
mount -t tmpfs none "$work/root/run"
# The job's files are on a filesystem of their own: what lies in an overlay whose
# upper layer cannot be seen is left alone.
mkdir -p "$work/root/srv"
mount -t tmpfs none "$work/root/srv"
cp dist/*.deb packaging/inside.sh "$work/root/tmp/"
chroot "$work/root" sh /tmp/inside.sh
# What the installation changed is all in the upper layer, removals included.
(cd "$work/upper" && find . ! -type d ! -path './var/lib/dpkg*' ! -path './var/cache/*' ! -path './var/log/*' \
	! -path './var/lib/systemd/*' ! -path './var/lib/oneinode' ! -path './etc/oneinode') >"$work/left"
if [ -s "$work/left" ]; then
	echo "FAILED: left behind or taken along:" >&2
	cat "$work/left" >&2
	exit 1
fi
echo "package: all good"
