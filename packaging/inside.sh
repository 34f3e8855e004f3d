#!/bin/sh
# The part of test.sh that runs where the package is installed.
set -eu
step() { printf -- '-- %s\n' "$*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }
rm -rf /var/lib/oneinode /var/cache/oneinode /etc/oneinode /usr/bin/oneinode

step "install"
dpkg -i /tmp/*.deb >/dev/null
oneinode version
# One commit after the other: 14 digits of its time come first.
! dpkg-query -W -f '${Version}' oneinode | grep '+git' | grep -vE '[+]git[0-9]{14}[.]' || fail "a version without order"
[ -d /etc/oneinode ] && [ "$(stat -c %a /var/lib/oneinode)" = 700 ] || fail "directories"

step "manual pages and completion"
for page in oneinode oneinode-dedupe oneinode-run; do
	MANPAGER=cat man $page | grep -q . || fail "man $page"
done
MANPAGER=cat man oneinode-dedupe | grep -q -- --max-duration=DURATION || fail "man oneinode-dedupe tells no flags"
MANPAGER=cat man oneinode | grep -q '^EXIT STATUS' || fail "man oneinode tells no exit codes"
bash -c '. /usr/share/bash-completion/completions/oneinode && complete -p oneinode' >/dev/null || fail "bash completion"
oneinode __complete run --max-d '' 2>/dev/null | grep -q . || fail "completion knows nothing"
oneinode __complete ded 2>/dev/null | grep -q ^dedupe || fail "completion of commands"
head -n 1 /usr/share/zsh/vendor-completions/_oneinode | grep -q '#compdef oneinode' || fail "zsh completion"
grep -q 'complete -c oneinode' /usr/share/fish/vendor_completions.d/oneinode.fish || fail "fish completion"

step "links of the README"
cd /usr/share/doc/oneinode
for page in $(grep -o '](docs/[^)]*)' README.md | tr -d '()]'); do
	[ -f "${page%%#*}" ] || fail "README.md leads to $page"
done
cd /

step "systemd-analyze"
systemd-analyze verify /usr/lib/systemd/system/oneinode@.service /usr/lib/systemd/system/oneinode@.timer 2>/tmp/verify || true
! grep -i 'oneinode' /tmp/verify || fail "systemd-analyze verify"
systemd-analyze security --offline=true --threshold=25 /usr/lib/systemd/system/oneinode@.service >/tmp/security ||
	{ cat /tmp/security; fail "systemd-analyze security"; }
tail -n 1 /tmp/security

step "the unit's ExecStart, with its capabilities"
mkdir -p /srv/test/a /srv/test/b
for d in a b; do yes "a song" 2>/dev/null | head -c 200000 >/srv/test/$d/song.flac; done
chown 1000:1000 /srv/test/a /srv/test/a/* /srv/test/b /srv/test/b/*
chmod 700 /srv/test/a /srv/test/b
touch -d '3 days ago' /srv/test/a/* /srv/test/b/*
sed 's:/srv/music:/srv/test:; s:^# metrics.*:metrics = "/var/tmp/oneinode.prom":' \
	/usr/share/doc/oneinode/examples/music.toml >/etc/oneinode/music.toml
# The preset leaves files alone whose ctime is young; time cannot be turned back.
sed -i 's:^preset.*:preset = "music"\nmin-age = "0s":' /etc/oneinode/music.toml
command=$(sed -n 's/^ExecStart=//p' /usr/lib/systemd/system/oneinode@.service | sed 's/%i/music/')
caps=$(sed -n 's/^CapabilityBoundingSet=//p' /usr/lib/systemd/system/oneinode@.service | tr 'A-Z ' 'a-z,' | sed 's/cap_/+/g')
if command -v setpriv >/dev/null; then
	command="setpriv --no-new-privs --inh-caps -all --bounding-set -all,$caps $command"
fi
$command | tee /tmp/out
[ "$(wc -l </tmp/out)" = 1 ] || fail "more than one line"
[ "$(stat -c %i /srv/test/a/song.flac)" = "$(stat -c %i /srv/test/b/song.flac)" ] || fail "not linked"
grep -q 'oneinode_linked_names{job="music"} 1' /var/tmp/oneinode.prom || fail "metrics"
cron=$(awk '$1 !~ /^#/ && NF { $1 = $2 = $3 = $4 = $5 = $6 = ""; print }' /usr/share/doc/oneinode/examples/cron)
[ -z "$($cron 2>&1)" ] || fail "the cron line is not silent"

step "remove"
rm -rf /etc/oneinode/music.toml /srv/test /var/tmp/oneinode.prom
dpkg --purge oneinode >/tmp/purge
grep -q 'journals .* stay' /tmp/purge || fail "the purge does not tell of the journals"
rm /var/lib/oneinode/runs/*.journal
dpkg -i /tmp/*.deb >/dev/null
dpkg --purge oneinode >/tmp/purge
! grep -q journals /tmp/purge || fail "the purge tells of journals that are not there"
[ ! -e /var/lib/oneinode ] || fail "the purge leaves a directory without journals"
