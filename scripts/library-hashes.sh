#!/usr/bin/env bash
# Writes signatures/libraries.csv: SHA-256 of the files that well-known libraries ship for browsers, from their npm packages.
# Extensions carry such files as they are; a file with a known hash is neither analysed nor blamed.
# Usage: scripts/library-hashes.sh        (needs npm and the network; takes a few minutes)
set -euo pipefail
cd "$(dirname "$0")/.."

# name@version, one line a library. Only versions that are common in extensions: the list is a courtesy, not a census.
packages=(
  jquery@1.12.4 jquery@2.2.4 jquery@3.2.1 jquery@3.3.1 jquery@3.4.1 jquery@3.5.1 jquery@3.6.0 jquery@3.6.4 jquery@3.7.0 jquery@3.7.1
  jquery-ui-dist@1.12.1 jquery-ui-dist@1.13.2
  lodash@4.17.11 lodash@4.17.15 lodash@4.17.20 lodash@4.17.21 underscore@1.13.6 backbone@1.6.0
  react@16.14.0 react@17.0.2 react@18.2.0 react@18.3.1 react-dom@16.14.0 react-dom@17.0.2 react-dom@18.2.0 react-dom@18.3.1
  preact@10.19.0 preact@10.24.0
  vue@2.6.12 vue@2.6.14 vue@2.7.16 vue@3.2.47 vue@3.3.4 vue@3.4.38 vue@3.5.13
  angular@1.8.3 knockout@3.5.1 alpinejs@3.14.1 handlebars@4.7.8 mustache@4.2.0
  webextension-polyfill@0.4.0 webextension-polyfill@0.6.0 webextension-polyfill@0.7.0 webextension-polyfill@0.8.0
  webextension-polyfill@0.9.0 webextension-polyfill@0.10.0 webextension-polyfill@0.12.0
  bootstrap@3.3.7 bootstrap@3.4.1 bootstrap@4.3.1 bootstrap@4.5.3 bootstrap@4.6.2 bootstrap@5.1.3 bootstrap@5.3.0 bootstrap@5.3.3
  popper.js@1.16.1 @popperjs/core@2.11.8 select2@4.0.13 sweetalert2@11.10.0 toastr@2.1.4 clipboard@2.0.11
  moment@2.24.0 moment@2.29.1 moment@2.29.4 moment@2.30.1 dayjs@1.11.10 dayjs@1.11.13 luxon@3.5.0
  axios@0.21.4 axios@0.27.2 axios@1.6.8 axios@1.7.7
  crypto-js@3.3.0 crypto-js@4.0.0 crypto-js@4.1.1 crypto-js@4.2.0
  dompurify@2.3.3 dompurify@2.5.7 dompurify@3.0.6 dompurify@3.1.7 marked@4.3.0 marked@12.0.2
  chart.js@2.9.4 chart.js@3.9.1 chart.js@4.4.4 d3@5.16.0 d3@7.9.0
  jszip@3.5.0 jszip@3.10.1 file-saver@2.0.5 localforage@1.10.0 dexie@3.2.7 dexie@4.0.8 idb@8.0.0
  html2canvas@1.4.1 pdfjs-dist@2.16.105 pdfjs-dist@3.11.174 xlsx@0.18.5 papaparse@5.4.1
  socket.io-client@4.8.0 hammerjs@2.0.8 requirejs@2.3.7 fuse.js@7.0.0 mousetrap@1.6.5 codemirror@5.65.18
  @highlightjs/cdn-assets@11.10.0 rxjs@7.8.1 core-js-bundle@3.38.1
)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
args=()
for package in "${packages[@]}"; do
  alias=$(printf %s "$package" | tr -c 'A-Za-z0-9.\n' '-' | sed 's/^-*//' | tr 'A-Z.' 'a-z-')
  args+=("$alias@npm:$package")
done
printf '{"private":true}' >"$work/package.json"
npm install --prefix "$work" --ignore-scripts --no-audit --no-fund --legacy-peer-deps --silent "${args[@]}"

out=signatures/libraries.csv
{
  echo 'sha256,library,version,file'
  for package in "${packages[@]}"; do
    name=${package%@*} version=${package##*@}
    alias=$(printf %s "$package" | tr -c 'A-Za-z0-9.\n' '-' | sed 's/^-*//' | tr 'A-Z.' 'a-z-')
    folder=$work/node_modules/$alias
    # What is made for browsers: files at the top and in the usual folders of builds, no source maps, no tests.
    base=${name##*/}
    (cd "$folder" && find . -maxdepth 1 -name "${base:0:4}*.js" -size +1k -print
     for build in dist umd build lib/dist dist/js dist/umd dist/cdn dist/browser minified; do
       [ -d "$build" ] && find "./$build" -maxdepth 1 \( -name '*.js' -o -name '*.mjs' \) -size +1k -print
     done; true) | sort -u | grep -v -e '\.test\.' -e Gruntfile -e gulpfile -e 'rollup.config' -e webpack.config -e 'cjs' -e '\.common\.' -e node | while read -r file; do
      printf '%s,%s,%s,%s\n' "$(sha256sum "$folder/$file" | cut -d' ' -f1)" "$name" "$version" "${file#./}"
    done || true
  done | sort -u -t, -k1,1
} >"$out"
wc -l "$out"
