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

[ "$failures" = 0 ] || say FAILED "$failures in all"
exit "$([ "$failures" = 0 ] && echo 0 || echo 1)"
