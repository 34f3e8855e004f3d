#!/bin/sh
# After installing or upgrading, from .deb and .rpm.
set -e
if command -v systemd-tmpfiles >/dev/null; then
	systemd-tmpfiles --create oneinode.conf || true
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
fi
