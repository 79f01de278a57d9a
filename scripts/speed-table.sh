#!/usr/bin/env bash
# Prints the README's tables of speed: crxhound beside other programs that look at extensions, on the same files in one run; then
# scans of made-up profiles, which show that the cost grows with the bytes.
#
#   scripts/speed-table.sh [OPTION]... PROGRAM [FOLDER]     (FOLDER: target/corpus/benign, fetched by real-extensions.sh)
#
#   --part peers|profiles        one of the two tables only
#   --retire-repository FILE     retire.js' list of libraries (jsrepository-v5.json), where its own address cannot be reached
#   --doublex FOLDER             a checkout of DoubleX (github.com/Aurore54F/DoubleX), which no package registry has
#
# PROGRAM is an optimised build of crxhound. FOLDER holds one folder for each unpacked extension. Debian has yara; retire.js and
# JS-X-Ray come from npm, extensionguard from PyPI, into target/speed. A program that cannot be had is left out, with the reason.
# DoubleX runs with the parser that it was made for (esprima 4.0.1), and for a minute on each extension.
#
# Everything is in the system's cache before it is timed, and the fastest of three runs counts (the only one, where that takes
# longer than twenty seconds). Run by root, crxhound runs as nobody, since it keeps no results for root.
#
# The exit code is 1 where a thousand extensions cost more for each MB, by half, than a hundred.
set -euo pipefail
here=$(cd -- "$(dirname -- "$0")" && pwd -P)

part='' retire='' doublex='' program='' folder=''
while [ $# -gt 0 ]; do
  case "$1" in
    --part) part=${2:?--part wants peers or profiles}; shift ;;
    --retire-repository) retire=${2:?--retire-repository wants a file}; shift ;;
    --doublex) doublex=${2:?--doublex wants a folder}; shift ;;
    -h|--help) sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
    -*) echo "unknown option: $1" >&2; exit 2 ;;
    *) if [ -z "$program" ]; then program=$1; elif [ -z "$folder" ]; then folder=$1; else echo "one program and one folder only" >&2; exit 2; fi ;;
  esac
  shift
done
[ -x "$program" ] || { echo "PROGRAM is missing: an optimised build of crxhound" >&2; exit 2; }
case "$part" in ''|peers|profiles) ;; *) echo "--part wants peers or profiles" >&2; exit 2 ;; esac

out=$here/../target/speed
mkdir -p -- "$out"
out=$(cd -- "$out" && pwd -P)
if [ "$part" != profiles ]; then
  if [ -z "$folder" ]; then
    folder=$here/../target/corpus/benign
    [ -d "$folder" ] || "$here/real-extensions.sh" >&2
  fi
  packages=(retire@5.7.0 @nodesecure/js-x-ray@16.0.0 esprima@4.0.1 escodegen@2.1.0 js-beautify@1.15.4)
  if [ "$(cat "$out/node/installed" 2>/dev/null)" != "${packages[*]}" ] && command -v npm >/dev/null; then
    npm install --silent --no-audit --no-fund --prefix "$out/node" "${packages[@]}" >&2 && echo "${packages[*]}" >"$out/node/installed"
  fi
  [ -x "$out/venv/bin/python" ] || python3 -m venv "$out/venv"
  [ -x "$out/venv/bin/extguard" ] || "$out/venv/bin/pip" install -q extensionguard==0.4.1 beautifulsoup4 graphviz >&2 || true
fi
exec python3 "$here/speed_table.py" "$program" "$out" "$part" "$folder" "$retire" "$doublex"
