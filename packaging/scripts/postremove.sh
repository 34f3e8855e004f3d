#!/bin/sh
# After removal. The cache can be made anew; the journals cannot, and without
# them no run can be undone: so even a purge leaves them, and says so.
set -e
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
fi
case "${1:-}" in
purge | 0)
	rm -rf /var/cache/oneinode /var/lib/oneinode/locks
	ls /var/lib/oneinode/runs/*.journal >/dev/null 2>&1 || rm -f /var/lib/oneinode/runs/.nodedupe
	rmdir /var/lib/oneinode/runs /var/lib/oneinode 2>/dev/null || true
	if [ -d /var/lib/oneinode/runs ]; then
		echo "oneinode: the journals in /var/lib/oneinode/runs stay, because undo needs them"
	fi
	;;
esac
