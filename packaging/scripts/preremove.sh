#!/bin/sh
# Before removal: "remove" from dpkg, 0 from rpm. A run that is stopped leaves
# everything consistent.
set -e
case "${1:-}" in
remove | 0)
	if [ -d /run/systemd/system ]; then
		systemctl stop 'oneinode@*.timer' 'oneinode@*.service' || true
	fi
	;;
esac
