"""The work of instruction-counts.sh, which see."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import speed_table

HERE = Path(__file__).resolve().parent
TABLE = HERE / "instruction-counts.table"
PACKAGES = HERE.parent / "fixtures/packages"

# More than this, and something became slower.
TOLERATED = 1.10


def inputs(out):
    """The inputs, the same bytes each time."""
    shutil.rmtree(out / "in", ignore_errors=True)
    (out / "in").mkdir()
    speed_table.profile(out / "in/profile", 60)
    manifest = '{"manifest_version": 3, "name": "Made", "version": "1.0", "background": {"service_worker": "worker.js"}}'
    files = {"manifest.json": manifest.encode(), "worker.js": b"1;\n"}
    large = {**files, "data.wasm": bytes(range(256)) * (4 << 12)}
    many = {**files, **{f"lib/{n}.css": speed_table.script(n).encode() for n in range(40)}}
    (out / "in/hash").mkdir()
    for name, data in large.items():
        (out / "in/hash" / name).write_bytes(data)
    with zipfile.ZipFile(out / "in/unpack.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in many.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    (out / "in/follow").mkdir()
    (out / "in/follow/manifest.json").write_text(manifest)
    (out / "in/follow/worker.js").write_text("".join(speed_table.script(n) for n in range(8)))
    # Without its errors, for which the program would end with 2.
    report = json.loads((HERE.parent / "fixtures/reports/institute.json").read_text())
    (out / "in/report.json").write_text(json.dumps(report | {"errors": []}))
    return out / "in"


def paths(folder):
    """What is counted: a name, and the program's arguments."""
    inspect = ["inspect", "--quiet", "--no-cache", "--threads", "1", "--emulate", "never", "--format", "json", "--fail-on", "never"]
    return {
        "list": ["list", "--quiet", "--threads", "1", "--format", "json", folder / "profile"],
        "hash": [*inspect, folder / "hash"],
        "unpack": [*inspect, folder / "unpack.zip"],
        "follow": [*inspect, folder / "follow"],
        "theft": [*inspect, *(PACKAGES / name for name in ["sharpext", "translatext", "honest-password-manager"])],
        "render": ["render", "--format", "html", "--fail-on", "never", folder / "report.json"],
    }


def count(program, arguments, out):
    counts = out / "callgrind.out"
    command = ["valgrind", "--tool=callgrind", "--quiet", f"--callgrind-out-file={counts}", program, *map(str, arguments)]
    environment = {"PATH": os.environ["PATH"], "HOME": str(out), "LANG": "C.UTF-8"}
    done = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=out)
    if done.returncode not in (0, 1):
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.decode(errors='replace')[-500:]}")
    return int(re.search(r"^(?:summary|totals): (\d+)", counts.read_text(), re.M)[1])


def compiler():
    """What counts are comparable with: the compiler, and the machine it compiles for."""
    version = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.strip()
    return f"{version}, {os.uname().machine}"


def main():
    program, out, update = sys.argv[1], Path(sys.argv[2]), sys.argv[3] == "1"
    head, *lines = TABLE.read_text().splitlines() if TABLE.exists() else [""]
    if not update and compiler() not in head:
        print(f"SKIPPED: the counts were written down for another compiler ({head.strip('# ')})")
        return
    known = dict(line.split() for line in lines)
    slower, counted = [], {}
    for name, arguments in paths(inputs(out)).items():
        counted[name] = count(program, arguments, out)
        was = int(known.get(name, 0))
        change = f"{counted[name] / was - 1:+.1%}" if was else "new"
        print(f"{name:8} {counted[name]:>14,} instructions  {change}", flush=True)
        if not update and (not was or counted[name] > was * TOLERATED):
            slower.append(name)
    if update:
        head = f"# cargo build --locked    {compiler()}\n"
        TABLE.write_text(head + "".join(f"{name} {count}\n" for name, count in counted.items()))
    if slower:
        print(f"more than a tenth slower, or not known: {', '.join(slower)}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
