#!/usr/bin/env bash
# Times `crxhound fleet` over the reports of a large fleet, beside DuckDB over the same files in one run, and compares the counts.
#
#   scripts/fleet-bench.sh [--hosts N] [--extensions N] PROGRAM [OUTPUT_DIR]      (OUTPUT_DIR: target/fleet-bench)
#
#   --hosts N        machines (50000)
#   --extensions N   extensions of each (60), drawn from a population in which few are common and most are rare (Zipf)
#
# PROGRAM is a release build of crxhound. The made-up reports (JSONL, one file a machine) are kept in OUTPUT_DIR and used again;
# 50,000 machines take 2 GB. Every tenth machine's lines are spread over two files, and every twentieth has an older report too.
#
# What comes out, on standard output: seconds and peak memory of both, and whether machines by extension, by version and by rule
# are the same. The exit code is 1 where they are not. DuckDB comes from PyPI, into OUTPUT_DIR/venv.
set -euo pipefail
here=$(cd -- "$(dirname -- "$0")" && pwd -P)

hosts=50000 extensions=60 program='' out=''
while [ $# -gt 0 ]; do
  case "$1" in
    --hosts) hosts=${2:?--hosts wants a number}; shift ;;
    --extensions) extensions=${2:?--extensions wants a number}; shift ;;
    -h|--help) sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
    -*) echo "unknown option: $1" >&2; exit 2 ;;
    *) if [ -z "$program" ]; then program=$1; elif [ -z "$out" ]; then out=$1; else echo "one program and one folder only" >&2; exit 2; fi ;;
  esac
  shift
done
[ -x "$program" ] || { echo "PROGRAM is missing: a release build of crxhound" >&2; exit 2; }
: "${out:=$here/../target/fleet-bench}"
mkdir -p -- "$out"
out=$(cd -- "$out" && pwd -P)

[ -x "$out/venv/bin/python" ] || python3 -m venv "$out/venv"
"$out/venv/bin/python" -c 'import duckdb' 2>/dev/null || "$out/venv/bin/pip" install -q duckdb
exec "$out/venv/bin/python" "$here/fleet_bench.py" "$program" "$out" "$hosts" "$extensions"
