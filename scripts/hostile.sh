#!/usr/bin/env bash
# Runs the hostile suite: what an attacker may write, each as a named case with what must hold. Prints passed and failed by table
# and in all; the exit code is 1 where a case fails, or where there are fewer than 300.
#
#   scripts/hostile.sh
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
  '') ;;
  -h|--help) sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
  *) echo "unknown option: $1" >&2; exit 2 ;;
esac
log=$(mktemp)
trap 'rm -f "$log"' EXIT
code=0
cargo test --locked --quiet --test main every_case_of_the_hostile_suite_holds >"$log" 2>&1 || code=1
grep -E '^hostile: ' "$log" || { cat "$log"; exit 1; }
[ $code = 0 ] || grep -E '^[a-z]+: |^error' "$log" | grep -v '^hostile: ' || true
exit $code
