#!/usr/bin/env bash
# Runs a cargo command for another system, on Debian 12 and with nothing but its packages.
#
#   scripts/cross-build.sh TARGET [build|check|test|clippy ...] [cargo arguments...]
#
#   TARGET   x86_64-pc-windows-gnu       builds; tests and programs run under Wine (wine-run.sh)
#            x86_64-unknown-linux-musl   builds fully static programs
#            aarch64-unknown-linux-gnu   builds; tests and programs run under qemu-aarch64 where that is installed
#            aarch64-apple-darwin, x86_64-apple-darwin, aarch64-pc-windows-gnullvm   "check" only: Debian has no linker for them
#
# Default command: build --release --locked. Output goes to target/cross/TARGET: a folder of its own, since another
# compiler cannot reuse what is in target/.
#
# rustup's compiler knows only the targets that were downloaded for it. Debian's newer one (rustc-web, kept up to date
# because Firefox and Chromium are built with it) comes with the source of the standard library, so that library is compiled
# once for TARGET (about a minute a core), kept in the user's cache folder, and handed to rustc as its sysroot.
# rustup's programs stay first on PATH and are not touched: this script names /usr/bin/cargo in full.
#
#   CROSS_STD_DIR   where compiled standard libraries are kept (default: ~/.cache/cross-std)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

target=${1:?usage: cross-build.sh TARGET [cargo command...]}
shift
[ $# -gt 0 ] || set -- build --release --locked

"$here/debian-need.sh" rustc-web cargo-web rust-web-src
export RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc
unset RUSTUP_TOOLCHAIN RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET
# A standard library fits one build of the compiler only, so it is kept by version: 1.96.0+dfsg1-1~deb12u2. What is built with
# it depends on how it was made as well, which cargo sees by nothing but its place.
version=$(dpkg-query -W -f='${Version}' rustc-web)-small
std=${CROSS_STD_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/cross-std}/$version/$target
lib=$std/lib/rustlib/$target/lib

# Settings of cargo for this target: CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER and its like.
setting() { export "CARGO_TARGET_$(tr 'a-z-' 'A-Z_' <<<"$target")_$1=$2"; }
# Settings of the crates that compile C: CC_x86_64_pc_windows_gnu and its like.
tool() { export "$1_${target//-/_}=$2"; }

# Where nothing is linked: build scripts of crates with C run in a check too, and their compiler is asked for options that ours
# does not know. This one drops them; what it makes is for this machine.
stand_in_compiler() {
  mkdir -p "$std"
  cat >"$std/cc" <<'SCRIPT'
#!/usr/bin/env bash
kept=()
while [ $# -gt 0 ]; do
  case $1 in
    -arch | -isysroot | -target) shift ;;
    -mmacosx-version-min=* | --target=*) ;;
    *) kept+=("$1") ;;
  esac
  shift
done
exec cc "${kept[@]}"
SCRIPT
  chmod +x "$std/cc"
}

case $target in
  x86_64-pc-windows-gnu)
    "$here/debian-need.sh" gcc-mingw-w64-x86-64-posix g++-mingw-w64-x86-64-posix
    setting LINKER x86_64-w64-mingw32-gcc-posix
    setting RUNNER "$here/wine-run.sh"
    tool CC x86_64-w64-mingw32-gcc-posix
    tool CXX x86_64-w64-mingw32-g++-posix
    ;;
  x86_64-unknown-linux-musl)
    "$here/debian-need.sh" musl-tools gcc libunwind-14-dev
    tool CC musl-gcc
    ;;
  aarch64-unknown-linux-gnu)
    "$here/debian-need.sh" gcc-aarch64-linux-gnu libc6-dev-arm64-cross
    setting LINKER aarch64-linux-gnu-gcc
    setting RUNNER "qemu-aarch64 -L /usr/aarch64-linux-gnu"
    tool CC aarch64-linux-gnu-gcc
    ;;
  *-apple-darwin | aarch64-pc-windows-gnullvm)
    [ "$1" = check ] || [ "$1" = clippy ] || { echo "cross-build.sh: $target can only be checked here, not $1" >&2; exit 2; }
    "$here/debian-need.sh" gcc
    stand_in_compiler
    tool CC "$std/cc"
    tool AR ar
    export SDKROOT=/
    ;;
  *)
    echo "cross-build.sh: unknown target $target" >&2
    exit 2
    ;;
esac

# What rustc looks for beside the standard library of musl: start files, libc.a, and an unwinder. rustup's own target carries
# the same in this folder. Linking by musl-gcc instead would leave a program that names musl's loader.
add_musl_parts() {
  local object parts=$lib/self-contained
  mkdir -p "$parts"
  cp /usr/lib/x86_64-linux-musl/{crt1,rcrt1,Scrt1,crti,crtn}.o /usr/lib/x86_64-linux-musl/libc.a "$parts/"
  for object in crtbegin crtbeginS crtend crtendS; do
    cp "$(gcc -print-file-name=$object.o)" "$parts/"
  done
  # gcc's unwinder needs a function of glibc; LLVM's needs none but the fortified fprintf, which musl does not have.
  cp /usr/lib/llvm-14/lib/libunwind.a "$parts/"
  cat >"$scratch/fprintf.c" <<'C'
#include <stdarg.h>
#include <stdio.h>
int __fprintf_chk(FILE *file, int flag, const char *format, ...) {
  (void)flag;
  va_list arguments;
  va_start(arguments, format);
  int written = vfprintf(file, format, arguments);
  va_end(arguments);
  return written;
}
C
  musl-gcc -O2 -c "$scratch/fprintf.c" -o "$scratch/fprintf.o"
  # mimalloc counts bits by a function of gcc's own library, which is not linked here.
  (cd "$scratch" && ar x "$(gcc -print-libgcc-file-name)" _popcountsi2.o _popcount_tab.o)
  ar q "$parts/libunwind.a" "$scratch/fprintf.o" "$scratch/_popcountsi2.o" "$scratch/_popcount_tab.o"
  : >"$lib/.parts-2"
}

mkdir -p "$std"
exec 9>"$std/.lock"
flock 9
if [ ! -e "$lib/.complete" ]; then
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  mkdir "$scratch/src"
  : >"$scratch/src/lib.rs"
  printf '[package]\nname = "stdonly"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n' >"$scratch/Cargo.toml"
  # With bitcode inside, a profile with link-time optimisation works too. Small: sorting has one plain form rather than three
  # quick ones for each type, and nothing looks up the places of a backtrace, of which a stripped program knows none. Only this
  # empty crate is built with the compiler's unstable options unlocked: build scripts of the project's dependencies would
  # otherwise try some.
  (cd "$scratch" && RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Cembed-bitcode=yes CARGO_TARGET_DIR=$scratch/target \
    CARGO_PROFILE_RELEASE_OPT_LEVEL=s \
    /usr/bin/cargo build --release --target "$target" -Zbuild-std=std,panic_abort,proc_macro,test \
    -Zbuild-std-features=panic-unwind,optimize_for_size >&2)
  rm -rf "${std:?}/lib"
  mkdir -p "$lib"
  cp "$scratch/target/$target/release/deps/"*.rlib "$lib/"
  rm -f "$lib"/libstdonly-*
  : >"$lib/.complete"
  rm -rf "$scratch"
fi
# Apart from the library, so that one kept from before gets what was added since.
if [ "$target" = x86_64-unknown-linux-musl ] && [ ! -e "$lib/.parts-2" ]; then
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  add_musl_parts
  rm -rf "$scratch"
fi
flock -u 9
exec 9>&-

setting RUSTFLAGS "--sysroot=$std"
setting RUSTDOCFLAGS "--sysroot=$std"
command=$1
shift
exec /usr/bin/cargo "$command" --target "$target" --target-dir "${CARGO_TARGET_DIR:-target}/cross" "$@"
