#!/usr/bin/env bash
# Makes user-data folders that a real Chromium wrote, with harmless extensions installed by every route that works
# unattended. The tests measure the program on them.
#
#   scripts/make-real-profiles.sh [--with-ui] [--no-install] [--store-package FILE.crx] [OUTPUT_DIR]
#
#   --with-ui         also the route where a person confirms the install (needs Xvfb and xdotool, and installs them); without
#                     it that route is taken where both commands are there
#   --no-install      never call apt-get; fail where the browser is absent
#   --store-package   also a profile with a package that a store signed
#
# OUTPUT_DIR (target/profiles unless named) must be absent, empty, or one that this script made before: then it is made anew,
# and only the signing keys in OUTPUT_DIR/keys are kept, so that the ids of packed extensions stay the same.
#
# What comes out:
#   expected.json   the ground truth: one entry for each extension and profile, with id, name, version, location, enabled,
#                   disable_reasons, route, and the folder relative to OUTPUT_DIR
#   plain/          profiles "Default", "Profile 1", "Work" (a name that is no "Profile N"), and the "Guest Profile" and
#                   "System Profile" that the browser adds; command line, DevTools protocol and "External Extensions" routes
#   managed/        profile "Default": enterprise policy (forced over http and over file, and suggested), system-wide external
#                   JSON with a .crx and with an update address; one extension was then updated to ask for more, so it is
#                   disabled and two of its version folders are there
#   confirmed/      profile "Default": installed from a page, confirmed by hand
#   store/          profile "Default": the package of --store-package
#   extensions/ crx/ keys/   the sample extensions, packed files, signing keys
#
# The samples do nothing but store a few fixed values of their own. Policies and system-wide files are laid in a private mount
# namespace, so that the machine's own /etc and /usr stay untouched; where no namespace can be had, "managed" and "confirmed"
# are skipped with a note. Servers listen on loopback only, and the browser resolves no other host. Everything started is
# ended, by process id.
set -euo pipefail
here=$(cd -- "$(dirname -- "$0")" && pwd -P)

with_ui=0 install=1 package='' out=''
while [ $# -gt 0 ]; do
  case "$1" in
    --with-ui) with_ui=1 ;;
    --no-install) install=0 ;;
    --store-package) package=$(realpath -- "${2:?--store-package wants a file}"); shift ;;
    -h|--help) sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
    -*) echo "unknown option: $1" >&2; exit 2 ;;
    *) [ -z "$out" ] || { echo "one output folder only" >&2; exit 2; }; out=$1 ;;
  esac
  shift
done
: "${out:=$here/../target/profiles}"

marker=.made-by-make-real-profiles
if [ -e "$out" ] && [ -n "$(ls -A -- "$out" 2>/dev/null)" ] && [ ! -e "$out/$marker" ]; then
  echo "$out is not empty and was not made by this script" >&2
  exit 2
fi
mkdir -p -- "$out"
out=$(cd -- "$out" && pwd -P)
: > "$out/$marker"

need() { command -v "$1" >/dev/null 2>&1; }
absent=()
[ -x /usr/lib/chromium/chromium ] || need chromium || absent+=(chromium)
need python3 || absent+=(python3)
if [ "$with_ui" = 1 ]; then
  need Xvfb || absent+=(xvfb)
  need xdotool || absent+=(xdotool)
fi
if [ ${#absent[@]} -gt 0 ]; then
  if [ "$install" = 0 ] || [ "$(id -u)" != 0 ]; then
    echo "absent: ${absent[*]}" >&2
    exit 2
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >&2
  apt-get install -y -qq --no-install-recommends "${absent[@]}" >&2
fi
# Debian's wrapper adds every folder of /usr/share/chromium/extensions to the command line; the program behind it does not.
browser=/usr/lib/chromium/chromium
[ -x "$browser" ] || browser=$(command -v chromium)

trap 'rm -rf -- "$out/.home"' EXIT
stage() { python3 "$here/make_real_profiles.py" "$out" "$browser" "$@"; }
stage prepare
stage plain
[ -z "$package" ] || stage store "$package"

namespace=()
if unshare --mount true 2>/dev/null; then
  namespace=(unshare --mount)
elif unshare --user --map-root-user --mount true 2>/dev/null; then
  namespace=(unshare --user --map-root-user --mount)
fi
apart() { "${namespace[@]}" python3 "$here/make_real_profiles.py" "$out" "$browser" "$@"; }

status=0
if [ ${#namespace[@]} -gt 0 ]; then
  apart managed
  if [ "$with_ui" = 1 ] || { need Xvfb && need xdotool; }; then
    if ! apart confirmed; then
      rm -rf -- "$out/confirmed"
      echo "make-real-profiles: skipped 'confirmed': its dialogue was not reached" >&2
      [ "$with_ui" = 0 ] || status=1
    fi
  else
    echo "make-real-profiles: skipped 'confirmed': Xvfb or xdotool absent (--with-ui installs them)" >&2
  fi
else
  echo "make-real-profiles: skipped 'managed' and 'confirmed': no mount namespace to be had" >&2
fi
stage finish || status=1
exit $status
