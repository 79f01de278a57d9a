#!/usr/bin/env bash
# Fetches real, built browser extensions out of the packages of public registries (npm, PyPI, Debian), to measure false alarms
# and speed on code that nobody wrote for a test.
#
#   scripts/real-extensions.sh [--only KIND] [OUTPUT_DIR]     (target/corpus unless named; two minutes the first time)
#
#   --only KIND   packages of one registry only: npm, pypi or deb
#
# What comes out:
#   benign/<slug>/      unpacked extensions, as published
#   suites/<name>/      signed packages, odd archives, mail libraries
#   real-extensions.csv slug, source, folder in the package, category: one line for each of benign/
#   _dl/                the downloads, so that a second run is quick
#
# Nothing of it is installed or run, and none of it is ever committed: it is other people's work. Only the registries' ordinary
# clients are used, by package name; one that is absent, or a package that cannot be had, is said and left out.
set -euo pipefail
here=$(cd -- "$(dirname -- "$0")" && pwd -P)

only='' out=''
while [ $# -gt 0 ]; do
  case "$1" in
    --only) only=${2:?--only wants npm, pypi or deb}; shift ;;
    -h|--help) sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
    -*) echo "unknown option: $1" >&2; exit 2 ;;
    *) [ -z "$out" ] || { echo "one output folder only" >&2; exit 2; }; out=$1 ;;
  esac
  shift
done
: "${out:=$here/../target/corpus}"
mkdir -p -- "$out"
out=$(cd -- "$out" && pwd -P)

# packages KIND: the packages of one registry that the table names, each once.
packages() {
  [ -z "$only" ] || [ "$only" = "$1" ] || return 0
  awk -F'|' -v kind="$1" '!/^#/ && $2 == kind { print $3 }' "$here/real-extensions.table" | sort -u
}
missed() { echo "real-extensions: could not be had: $*" >&2; }

# A name as a file: @scope/name@1.2 becomes __scope_name_1.2.
flat() { printf '%s' "$1" | tr '/@' '__'; }

mkdir -p "$out/_dl/npm" "$out/_dl/pypi" "$out/_dl/deb"
for package in $(packages npm); do
  file=$out/_dl/npm/$(flat "$package").tgz
  [ -s "$file" ] && continue
  folder=$(mktemp -d)
  if (cd "$folder" && npm pack --silent --ignore-scripts "$package" >/dev/null 2>&1); then
    mv "$folder"/*.tgz "$file"
  else
    missed "npm $package"
  fi
  rm -rf "$folder"
done
for package in $(packages pypi); do
  folder=$out/_dl/pypi/${package%%==*}
  ls "$folder"/* >/dev/null 2>&1 && continue
  mkdir -p "$folder"
  pip download -q --no-deps --only-binary :all: -d "$folder" "$package" >/dev/null 2>&1 || missed "PyPI $package"
done
for package in $(packages deb); do
  ls "$out/_dl/deb/${package}_"*.deb >/dev/null 2>&1 && continue
  (cd "$out/_dl/deb" && apt-get download -q "$package" >/dev/null 2>&1) || missed "Debian $package (after apt-get update?)"
done

python3 "$here/real_extensions.py" "$here/real-extensions.table" "$out" "$only"
