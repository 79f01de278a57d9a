#!/usr/bin/env bash
# Makes a Debian package of a release's archive of Linux. The same archive gives the same bytes.
#
#   packaging/debian.sh ARCHIVE.tar.gz [DIST]
#
#   ARCHIVE   as packaging/archive.py made it: crxhound-VERSION-TARGET.tar.gz. The static program is the one for Debian: it
#             depends on no other package, so it installs on every release.
#   DIST      where the package goes (default: beside the archive). Its path is printed.
set -euo pipefail
[ $# -ge 1 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
archive=$(realpath "$1")
dist=$(realpath "${2:-$(dirname "$archive")}")
name=$(basename "$archive" .tar.gz)
target=${name#crxhound-*-}
version=${name#crxhound-}
version=${version%"-$target"}
case $target in
  x86_64-*) architecture=amd64 ;;
  aarch64-*) architecture=arm64 ;;
  *) echo "debian.sh: $name: no architecture of Debian's" >&2; exit 1 ;;
esac
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
tar -xf "$archive" -C "$scratch"
# The time of the package's files is that of the archive's.
SOURCE_DATE_EPOCH=$(stat -c %Y "$scratch/$name/crxhound")
export SOURCE_DATE_EPOCH
from=$scratch/$name root=$scratch/root
install -D -m 755 "$from/crxhound" "$root/usr/bin/crxhound"
install -d "$root/usr/share/man/man1"
gzip -9 -n -c "$from/man/crxhound.1" >"$root/usr/share/man/man1/crxhound.1.gz"
install -D -m 644 "$from/completions/crxhound.bash" "$root/usr/share/bash-completion/completions/crxhound"
install -D -m 644 "$from/completions/crxhound.fish" "$root/usr/share/fish/vendor_completions.d/crxhound.fish"
install -D -m 644 "$from/completions/_crxhound" "$root/usr/share/zsh/vendor-completions/_crxhound"
install -D -m 644 "$here/debian/copyright" "$root/usr/share/doc/crxhound/copyright"
install -m 644 "$from/LICENSE-MIT" "$from/README.md" "$from/SECURITY.md" "$root/usr/share/doc/crxhound/"
gzip -9 -n -c "$from/CHANGELOG.md" >"$root/usr/share/doc/crxhound/changelog.gz"
chmod -R go=u,go-w "$root"
install -d "$root/DEBIAN"
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" \
  -e "s/@SIZE@/$(find "$root/usr" -type f -printf '%s\n' | awk '{ sum += $1 } END { print int(sum / 1024) + 1 }')/" "$here/debian/control" >"$root/DEBIAN/control"
(cd "$root" && find usr -type f | sort | xargs md5sum) >"$root/DEBIAN/md5sums"
package=$dist/crxhound_${version}_$architecture.deb
dpkg-deb --root-owner-group --build "$root" "$package" >/dev/null
echo "$package"
