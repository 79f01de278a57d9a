#!/usr/bin/env bash
# Counts the instructions of the hot paths (list, hash, unpack, parse and follow, render) with callgrind, and compares them with
# those written down: a count does not mind what else the machine does, so that a regression is seen on a noisy one.
#
#   scripts/instruction-counts.sh [--update] PROGRAM
#
#   --update   write the counts down as the new ones
#
# PROGRAM is built as the table's first line says; another compiler gives other counts, and then nothing is compared. It is a
# development build, which the tests have made anyway: what takes longer there takes longer in a release. Valgrind is Debian's.
# The exit code is 1 where a path takes more than a tenth more than what scripts/instruction-counts.table says.
set -euo pipefail
here=$(cd -- "$(dirname -- "$0")" && pwd -P)

update=0 program=''
while [ $# -gt 0 ]; do
  case "$1" in
    --update) update=1 ;;
    -h|--help) sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
    -*) echo "unknown option: $1" >&2; exit 2 ;;
    *) [ -z "$program" ] || { echo "one program only" >&2; exit 2; }; program=$1 ;;
  esac
  shift
done
[ -x "$program" ] || { echo "PROGRAM is missing: a build of crxhound" >&2; exit 2; }
command -v valgrind >/dev/null || { echo "valgrind is not installed" >&2; exit 2; }
out=$here/../target/instructions
mkdir -p -- "$out"
exec python3 "$here/instruction_counts.py" "$(realpath -- "$program")" "$(cd -- "$out" && pwd -P)" "$update"
