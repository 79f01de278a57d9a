#!/usr/bin/env bash
# Installs those of the named Debian packages that are missing; with nothing to do it calls no package manager.
#
#   scripts/debian-need.sh PACKAGE...
set -euo pipefail

missing=()
for package; do
  dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

# All output goes to stderr: callers print paths and reports on stdout.
sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
wait=(-o DPkg::Lock::Timeout=600)
$sudo apt-get "${wait[@]}" update -qq >&2
DEBIAN_FRONTEND=noninteractive $sudo apt-get "${wait[@]}" install -y -qq --no-install-recommends "${missing[@]}" >&2
