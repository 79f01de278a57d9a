#!/usr/bin/env python3
"""Packs one built program with its documents into the archive that a release hands out.

    packaging/archive.py PROGRAM TARGET DIST [RUNNABLE]

PROGRAM   the built program
TARGET    the system it is for, as Rust names it: x86_64-pc-windows-gnu, aarch64-apple-darwin, ...
DIST      the folder that the archive is written to: crxhound-VERSION-TARGET.zip for Windows, .tar.gz for others
RUNNABLE  a build of the same program that runs here, which prints the manual page and the shell completions
          (default: PROGRAM itself)

The same inputs give the same bytes: names are sorted, and every time is that of SOURCE_DATE_EPOCH, else of the last commit.
Prints the archive's path.
"""

import gzip
import io
import os
import subprocess
import sys
import tarfile
import time
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHELLS = {"bash": "crxhound.bash", "elvish": "crxhound.elv", "fish": "crxhound.fish", "powershell": "_crxhound.ps1", "zsh": "_crxhound"}


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=ROOT).stdout


def contents(program, windows, runnable):
    """Every file of the archive: its name, bytes and mode."""
    yield ("crxhound.exe" if windows else "crxhound"), program.read_bytes(), 0o755
    for name in ["README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE-APACHE", "LICENSE-MIT"]:
        yield name, (ROOT / name).read_bytes(), 0o644
    yield "man/crxhound.1", output(runnable, "man"), 0o644
    for shell, name in SHELLS.items():
        yield f"completions/{name}", output(runnable, "completions", shell), 0o644


def pack_zip(path, top, files, when):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data, mode in files:
            entry = zipfile.ZipInfo(f"{top}/{name}", time.gmtime(when)[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100000 | mode) << 16
            archive.writestr(entry, data)


def pack_tar(path, top, files, when):
    # gzip would write the archive's own name and the present time.
    with open(path, "wb") as out, gzip.GzipFile("", "wb", 9, out, mtime=when) as packed:
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for name, data, mode in files:
                entry = tarfile.TarInfo(f"{top}/{name}")
                entry.size, entry.mode, entry.mtime = len(data), mode, when
                archive.addfile(entry, io.BytesIO(data))


def main(program, target, dist, runnable=None):
    program = Path(program).resolve()
    windows = "windows" in target
    version = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]["version"]
    when = int(os.environ.get("SOURCE_DATE_EPOCH") or output("git", "log", "-1", "--format=%ct"))
    files = sorted(contents(program, windows, Path(runnable).resolve() if runnable else program))
    top = f"crxhound-{version}-{target}"
    path = Path(dist) / (top + (".zip" if windows else ".tar.gz"))
    path.parent.mkdir(parents=True, exist_ok=True)
    (pack_zip if windows else pack_tar)(path, top, files, when)
    print(path)


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    main(*sys.argv[1:])
