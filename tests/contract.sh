#!/bin/sh
# What scripts and fleet engines rely on: exit codes, streams, files, JSON. Usage: tests/contract.sh PROGRAM EMPTY-FOLDER
# The folder is written to and serves as home. Needs python3, to look into JSON.
set -u
program=$1
cd "$2" || exit 2
HOME=$(pwd)
export HOME
failures=0

say() { printf '%s: %s\n' "$1" "$2"; }

# expect CODE WHAT COMMAND...: runs it, keeps its streams in out and err, compares the exit code.
expect() {
  wanted=$1
  what=$2
  shift 2
  "$@" >out 2>err
  code=$?
  if [ "$code" = "$wanted" ]; then say ok "$what"; else
    say FAILED "$what: exit code $code instead of $wanted"
    cat err
    failures=$((failures + 1))
  fi
}

# holds WHAT COMMAND...: the command succeeds.
holds() {
  what=$1
  shift
  if "$@"; then say ok "$what"; else
    say FAILED "$what"
    failures=$((failures + 1))
  fi
}

# The next four are called by way of holds.
# shellcheck disable=SC2329
json() { python3 -c 'import json, sys; report = json.load(open(sys.argv[1])); sys.exit(0 if eval(sys.argv[2]) else 1)' "$1" "$2"; }
# jsonl FILE CONDITION over the list of its lines.
# shellcheck disable=SC2329
jsonl() { python3 -c 'import json, sys; lines = [json.loads(line) for line in open(sys.argv[1])]; sys.exit(0 if eval(sys.argv[2]) else 1)' "$1" "$2"; }
# shellcheck disable=SC2329
empty() { [ ! -s "$1" ]; }
# shellcheck disable=SC2329
lines() { [ "$(wc -l <"$1")" -eq "$2" ]; }

# One clean extension, and one whose manifest alone is powerful.
mkdir -p clean powerful data/Default
printf '{"manifest_version": 3, "name": "Clean", "version": "1.0"}' >clean/manifest.json
printf '{"manifest_version": 3, "name": "Powerful", "version": "2.0", "permissions": ["debugger", "cookies"], "host_permissions": ["<all_urls>"]}' >powerful/manifest.json
printf '{"profile": {"info_cache": {"Default": {"name": "Person 1"}}}}' >"data/Local State"
printf '{"extensions": {"settings": {"abcdefghijklmnopabcdefghijklmnop": {"location": 4, "path": "%s/clean", "state": 1}}}}' "$HOME" >data/Default/Preferences

expect 0 "nothing found is 0" "$program" inspect clean --fail-on suspicious
expect 1 "something at or above --fail-on is 1" "$program" inspect powerful --fail-on review
expect 0 "the same below --fail-on is 0" "$program" inspect powerful --fail-on never
expect 2 "no such path is 2" "$program" inspect missing
holds "and nothing is on standard output" empty out
expect 2 "an unknown option is 2" "$program" scan --no-such-option
mkdir rules broken
echo 'id = 1' >rules/wrong.toml
echo '{' >broken/manifest.json
expect 2 "signatures that do not parse are 2" "$program" inspect clean --signatures rules

expect 2 "what cannot be read spoils a clean answer" "$program" inspect broken --format json
holds "and is listed under errors" json out 'report["errors"] and report["errors"][0]["stage"] == "parse"'
expect 0 "--allow-incomplete accepts it" "$program" inspect broken --allow-incomplete --format json

expect 0 "a scan with --format json" "$program" scan data --format json --fail-on never
holds "is one JSON document" json out 'report["schema"] == "crxhound.report/1" and report["summary"]["extensions"] == 1'
holds "names host, time and signatures" json out 'report["host"]["id"] and report["started_at"].endswith("Z") and report["tool"]["signatures"]'
expect 0 "a scan with --format jsonl" "$program" scan data --format jsonl --fail-on never
holds "is JSON on every line, the summary last" jsonl out 'lines[-1]["type"] == "summary" and all(line["schema"] == "crxhound.report/1" for line in lines)'
holds "no line is longer than 8 kB" python3 -c 'import sys; sys.exit(any(len(line) > 8192 for line in open("out", "rb")))'
cp out first
expect 0 "a second scan" "$program" scan data --format jsonl --fail-on never
holds "names the same host by another scan id" python3 -c '
import json
one, two = (json.loads(open(name).readline()) for name in ("first", "out"))
assert one["host"]["id"] == two["host"]["id"] and one["scan_id"] != two["scan_id"]'

expect 0 "--summary with --output" "$program" scan data --fail-on never --summary --output whole.json --lang en
holds "prints one line" lines out 1
holds "and writes the whole report" json whole.json 'len(report["extensions"]) == 1'
expect 0 "--quiet" "$program" scan data --fail-on never --quiet --format json
holds "says nothing on standard error" empty err
expect 2 "a file that cannot be written is 2" "$program" scan data --fail-on never --output missing/report.json --output there.json
holds "and the others are written" json there.json 'report["schema"] == "crxhound.report/1"'
expect 0 "--max-seconds 0 with --allow-incomplete" "$program" scan data --max-seconds 0 --allow-incomplete --format json
holds "says that it is not complete" json out 'report["complete"] is False and report["errors"]'
expect 2 "an audit log that cannot be written is 2" "$program" scan data --fail-on never --quiet --audit-log missing/log
expect 0 "an audit log" "$program" scan data --fail-on never --quiet --audit-log audit.jsonl
holds "has one line for each scan" jsonl audit.jsonl 'len(lines) == 1 and lines[0]["exit_code"] == 0 and len(lines[0]["report_sha256"]) == 64'
expect 0 "environment variables are options" env CRXHOUND_FORMAT=json "$program" scan data --fail-on never
holds "as if typed" json out 'report["schema"] == "crxhound.report/1"'

# Where writing fails: a disk that is full, a folder that takes no file (nor from root), a reader that is gone.
closed=closed
mkdir closed
chmod 555 closed
[ ! -w closed ] || closed=/sys
# shellcheck disable=SC2329
full() { "$@" >/dev/full; }
# shellcheck disable=SC2329
unread() { python3 -c 'import os, subprocess, sys; r, w = os.pipe(); os.close(r); sys.exit(subprocess.run(sys.argv[1:], stdout=w).returncode)' "$@"; }
# shellcheck disable=SC2329
says() { grep -q "$1" err; }

cp first in.jsonl
mkdir reports
"$program" inspect powerful --format json --fail-on never >reports/powerful.json 2>err
mv in.jsonl reports/clean.jsonl
expect 0 "fleet with nothing at or above --fail-on" "$program" fleet reports --quiet
expect 1 "fleet with something at or above it" "$program" fleet reports --fail-on review --format json
holds "is one JSON document" json out 'report["schema"] == "crxhound.fleet/1" and report["summary"]["hosts"] == 1'
expect 2 "fleet without such a path" "$program" fleet missing
holds "and nothing is on standard output" empty out
expect 2 "fleet without a report in its files" "$program" fleet clean
echo '{"schema": "crxhound.report/1", "scan_id": "cut' >reports/cut.jsonl
expect 0 "fleet with a damaged file among its reports" "$program" fleet reports --format json
holds "counts it" json out 'report["summary"]["damaged"] == 1 and any(file["path"].endswith("cut.jsonl") for file in report["skipped"])'
holds "and names it on standard error" says cut.jsonl
expect 0 "fleet into four files" "$program" fleet reports --quiet --output f.json --output f.csv --output f.sqlite --output f.parquet
holds "of which one is a database" python3 -c 'import sqlite3; sqlite3.connect("f.sqlite").execute("select hosts from fleet").fetchone()[0] == 1 or exit(1)'
holds "and one is Parquet" python3 -c 'data = open("f.parquet", "rb").read(); data[:4] == data[-4:] == b"PAR1" or exit(1)'

for command in "scan data" "fleet reports"; do
  # Every word of it is a word of the command line.
  # shellcheck disable=SC2086
  set -- $command --fail-on never
  for format in json csv sqlite; do
    if [ -e /dev/full ]; then
      expect 2 "$1 --format $format on a full disk" full "$program" "$@" --format $format
      expect 2 "$1 --output on a full disk" "$program" "$@" --format $format --output /dev/full
    fi
    expect 2 "$1 --format $format without a reader" unread "$program" "$@" --format $format
    holds "says so" says 'closed before'
    expect 2 "$1 --output into a closed folder" "$program" "$@" --format $format --output "$closed/report" --format json --output open.json
    holds "writes the other file" json open.json 'report["schema"].startswith("crxhound.")'
    rm open.json
  done
  expect 0 "$1 as a table without a reader" unread "$program" "$@"
done
holds "no temporary file is left" sh -c '! ls -A | grep -q tmp'

[ "$failures" = 0 ] || say FAILED "$failures in all"
exit "$([ "$failures" = 0 ] && echo 0 || echo 1)"
