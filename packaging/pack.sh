#!/usr/bin/env bash
# Packs the programs of a release: an archive for each system, the Debian package, and SHA256SUMS over them all.
#
#   packaging/pack.sh [DIST]
#
#   DIST   holds programs/TARGET/crxhound or crxhound.exe, as scripts/release-build.sh leaves them (default: target/dist)
#
# programs/x86_64-unknown-linux-musl must be among them: it runs on every Linux, so it prints the documents.
set -euo pipefail
shopt -s nullglob
here=$(cd "$(dirname "$0")" && pwd)
dist=${1:-$here/../target/dist}
runnable=$dist/programs/x86_64-unknown-linux-musl/crxhound

for program in "$dist"/programs/*/crxhound*; do
  python3 "$here/archive.py" "$program" "$(basename "$(dirname "$program")")" "$dist" "$runnable"
done
"$here/debian.sh" "$dist"/crxhound-*-x86_64-unknown-linux-musl.tar.gz
cd "$dist"
sha256sum -- *.tar.gz *.zip *.deb >SHA256SUMS
