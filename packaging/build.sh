#!/bin/sh
# Builds dist/*.deb and dist/*.rpm. Called by "make package", which sets GO and VERSION.
set -eu
cd "$(dirname "$0")/.."
GO=${GO:-go}
# The last version without modules that the public proxy refuses to give.
NFPM=${NFPM:-github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.44.1}

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
# The name of a commit has no order, but an upgrade needs one: rpm refuses to go back.
case ${VERSION#v} in
[0-9]*.*) PACKAGE_VERSION=${VERSION#v} ;;
*) PACKAGE_VERSION=0.0.0+git$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M%S).${VERSION} ;;
esac
PACKAGE_VERSION=$(echo "$PACKAGE_VERSION" | tr -- - +) # a dash would begin the package's revision
PACKAGE_ARCH=$("$GO" env GOARCH)
export SOURCE_DATE_EPOCH PACKAGE_VERSION PACKAGE_ARCH

rm -rf dist
root=dist/root
mkdir -p dist/man $root/usr/bin $root/usr/share/man/man1 $root/usr/share/doc/oneinode/examples $root/usr/share/doc/oneinode/docs \
	$root/usr/lib/systemd/system $root/usr/lib/tmpfiles.d \
	$root/usr/share/bash-completion/completions $root/usr/share/fish/vendor_completions.d

flags="-s -w -X main.version=$VERSION"
"$GO" build -trimpath -ldflags "$flags" -o $root/usr/bin/oneinode ./cmd/oneinode
"$GO" run -tags docs -ldflags "$flags" ./cmd/oneinode man dist/man
for page in dist/man/*.1; do
	gzip -9n <"$page" >"$root/usr/share/man/man1/$(basename "$page").gz"
done
$root/usr/bin/oneinode completion bash >$root/usr/share/bash-completion/completions/oneinode
$root/usr/bin/oneinode completion zsh >dist/_oneinode # see nfpm.yaml
$root/usr/bin/oneinode completion fish >$root/usr/share/fish/vendor_completions.d/oneinode.fish
cp packaging/systemd/oneinode@.service packaging/systemd/oneinode@.timer $root/usr/lib/systemd/system/
cp packaging/tmpfiles.conf $root/usr/lib/tmpfiles.d/oneinode.conf
cp packaging/examples/* $root/usr/share/doc/oneinode/examples/
cp LICENSE $root/usr/share/doc/oneinode/copyright
cp README.md CHANGELOG.md $root/usr/share/doc/oneinode/
cp docs/*.md $root/usr/share/doc/oneinode/docs/ # where the README's links lead
find $root -type d -exec chmod 0755 {} +
find $root -type f -exec chmod 0644 {} +
chmod 0755 $root/usr/bin/oneinode

for format in deb rpm; do
	"$GO" run "$NFPM" package --config packaging/nfpm.yaml --packager $format --target dist/
done
ls -l dist/*.deb dist/*.rpm
