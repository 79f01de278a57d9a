#!/usr/bin/env bash
# Fills in what package managers want to know of a release: versions, addresses, hashes.
#
#   packaging/fill.sh VERSION REPOSITORY [DIST]
#
#   VERSION      1.2.3, without a "v"
#   REPOSITORY   the project's address, https://host/owner/crxhound; archives lie below REPOSITORY/releases/download/vVERSION
#   DIST         the folder with the release's archives and their SHA256SUMS (default: target/dist)
#
# Every packaging/**/*.in becomes a file below DIST/packages. In a template, @VERSION@, @REPOSITORY@ and @DATE@ stand for
# themselves, @URL:TARGET@ for the address of the archive for that system, @SHA256:TARGET@ for its hash. A template that names
# an archive which is not in SHA256SUMS ends the script: a manifest without a hash is none.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,13s/^# \{0,1\}//p' "$0" >&2; exit 2; }
version=$1 repository=${2%/}
root=$(cd "$(dirname "$0")/.." && pwd)
dist=$(realpath "${3:-$root/target/dist}")
date=$(date -u -d "@${SOURCE_DATE_EPOCH:-$(date +%s)}" +%Y-%m-%d)

filled=()
while read -r hash file; do
  case $file in *.deb) continue ;; esac
  target=${file#"crxhound-$version-"}
  [ "$target" != "$file" ] || { echo "fill.sh: $file is not of version $version" >&2; exit 1; }
  target=${target%.zip} target=${target%.tar.gz}
  filled+=(-e "s|@SHA256:$target@|$hash|g" -e "s|@URL:$target@|$repository/releases/download/v$version/$file|g")
done <"$dist/SHA256SUMS"

cd "$root/packaging"
find . -name '*.in' -printf '%P\n' | sort | while read -r template; do
  out=$dist/packages/${template%.in}
  mkdir -p "$(dirname "$out")"
  sed "${filled[@]}" -e "s|@VERSION@|$version|g" -e "s|@REPOSITORY@|$repository|g" -e "s|@DATE@|$date|g" "$template" >"$out"
  if grep -nE '@[A-Z0-9]+(:[^@ ]*)?@' "$out" >&2; then
    echo "fill.sh: nothing to fill these in with: $template" >&2
    exit 1
  fi
  echo "$out"
done
