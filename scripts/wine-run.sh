#!/usr/bin/env bash
# Runs a Windows program under Debian's Wine, without a screen, in a fresh Windows home of its own that is deleted afterwards.
# The exit status is the program's. cross-build.sh makes it cargo's runner, so that tests run like this too.
#
#   scripts/wine-run.sh PROGRAM.exe [arguments...]
#
#   WINEPREFIX=DIR   use this home and keep it; it is made where there is none
#
# What Wine 8 cannot show: the 32-bit view of the registry, alternate data streams, access lists, junctions.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -gt 0 ] || { echo "usage: wine-run.sh PROGRAM.exe [arguments...]" >&2; exit 2; }

"$here/debian-need.sh" wine wine64 gcc-mingw-w64-x86-64-posix
export WINEDEBUG=${WINEDEBUG:--all} WINEARCH=win64
export WINEDLLOVERRIDES="winemenubuilder.exe=d;mscoree=d;mshtml=d"
# The tests that write to the registry and to the user's folders run where this says that nobody will miss them.
export CRXHOUND_DISPOSABLE_MACHINE=1
unset DISPLAY WAYLAND_DISPLAY
cache=${XDG_CACHE_HOME:-$HOME/.cache}/wine-run
template=$cache/template-1

# A Windows home takes ten seconds and 700 MB to make, so one is made once and cloned.
make_template() {
  mkdir -p "$cache"
  local home link
  home=$(mktemp -d "$cache/new.XXXXXX")
  WINEPREFIX=$home wine wineboot -i >/dev/null 2>&1 </dev/null
  WINEPREFIX=$home wine winecfg -v win10 >/dev/null 2>&1 </dev/null
  WINEPREFIX=$home wineserver -w
  # Desktop, Downloads and the like are links into the caller's own home, which a program under test must not reach.
  find "$home/drive_c/users" -type l | while read -r link; do
    rm "$link"
    mkdir "$link"
  done
  # Every Rust program imports ProcessPrng from bcryptprimitives.dll. Wine 8 has no such file, and ends the program with
  # status 53 and no message. This stand-in is for Wine only: the program that is handed out is the same.
  cat >"$home/prng.c" <<'C'
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *bytes, SIZE_T left) {
  while (left) {
    ULONG part = left > 65536 ? 65536 : (ULONG)left;
    if (!SystemFunction036(bytes, part)) return FALSE;
    bytes += part;
    left -= part;
  }
  return TRUE;
}
C
  x86_64-w64-mingw32-gcc-posix -shared -O2 -s -o "$home/drive_c/windows/system32/bcryptprimitives.dll" \
    "$home/prng.c" -ladvapi32
  # Where another run was faster, its template serves.
  mv -T "$home" "$template" 2>/dev/null || rm -rf "$home"
}

# Hard links for Wine's own files, copies of what programs may write to.
clone_template() {
  mkdir -p "$1"
  cp -al "$template/." "$1/"
  rm -rf "$1"/*.reg "$1/drive_c/users" "$1/.update-timestamp"
  cp -a "$template"/*.reg "$template/.update-timestamp" "$1/"
  cp -a "$template/drive_c/users" "$1/drive_c/users"
}

[ -e "$template/system.reg" ] || make_template
if [ -z "${WINEPREFIX:-}" ]; then
  WINEPREFIX=$(mktemp -d "$cache/run.XXXXXX")
  export WINEPREFIX
  trap 'wineserver -k 2>/dev/null || true; wineserver -w 2>/dev/null || true; rm -rf "$WINEPREFIX"' EXIT
  clone_template "$WINEPREFIX"
elif [ ! -e "$WINEPREFIX/system.reg" ]; then
  clone_template "$WINEPREFIX"
fi

status=0
wine "$@" || status=$?
exit $status
