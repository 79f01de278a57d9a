#!/usr/bin/env bash
# Builds, on Debian, the programs that a release hands out, and checks each: stripped, below 20 MB, and in need of nothing but
# what its system always has. packaging/pack.sh makes archives of them.
#
#   scripts/release-build.sh [TARGET...]
#
#   TARGET   default: x86_64-unknown-linux-musl aarch64-unknown-linux-gnu x86_64-pc-windows-gnu
#            (macOS and Windows on arm64 need machines of their own: .github/workflows/release.yml)
#
# Output: target/dist/programs/TARGET/crxhound, or crxhound.exe.
set -euo pipefail
cd "$(dirname "$0")/.."
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(x86_64-unknown-linux-musl aarch64-unknown-linux-gnu x86_64-pc-windows-gnu)
largest=$((20 * 1000 * 1000))

fail() {
  echo "release-build.sh: $*" >&2
  exit 1
}

check() { # TARGET PROGRAM
  local size needed
  size=$(stat -c %s "$2")
  [ "$size" -lt $largest ] || fail "$2 has $size bytes, more than $largest"
  ! objdump_of "$1" -h "$2" | grep -qE ' \.debug_|\.symtab' || fail "$2 is not stripped"
  case $1 in
    *-linux-musl)
      ! readelf -lW "$2" | grep -q INTERP || fail "$2 names a loader, so it is not static"
      needed=$(readelf -dW "$2" | grep NEEDED || true)
      ;;
    *-linux-gnu)
      needed=$(readelf -dW "$2" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
        grep -vE '^(lib(c|m|gcc_s|dl|pthread|rt)\.so\.[0-9]+|ld-linux-.*)$' || true)
      ;;
    *-windows-gnu)
      # Libraries of the compiler are on nobody's machine; those of Windows have other names.
      needed=$(objdump_of "$1" -p "$2" | sed -n 's/.*DLL Name: //p' | grep -iE '^lib|pthread' || true)
      ;;
  esac
  [ -z "$needed" ] || fail "$2 needs $needed"
  # Where a worker's memory lies is left to chance, so one start that goes well says nothing.
  if [ "$1" = x86_64-unknown-linux-musl ]; then
    for _ in {1..200}; do
      "$2" --sealed-worker $((512 << 20)) </dev/null >/dev/null 2>&1 || fail "$2 lost a sealed worker that had nothing to do"
    done
  fi
  echo "$2: $size bytes"
}

objdump_of() { # TARGET ARGUMENTS...
  local program
  case $1 in
    aarch64-*) program=aarch64-linux-gnu-objdump ;;
    *-windows-gnu) program=x86_64-w64-mingw32-objdump ;;
    *) program=objdump ;;
  esac
  shift
  $program "$@"
}

for target in "${targets[@]}"; do
  scripts/cross-build.sh "$target" build --release --locked
  program=crxhound
  case $target in *-windows-*) program=crxhound.exe ;; esac
  mkdir -p "target/dist/programs/$target"
  cp "target/cross/$target/release/$program" "target/dist/programs/$target/"
  check "$target" "target/dist/programs/$target/$program"
done
