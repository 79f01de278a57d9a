"""The work of speed-table.sh, which see: times crxhound and its peers over the same extensions, and scans of made-up profiles."""

import dataclasses
import datetime
import hashlib
import json
import os
import pwd
import random
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CORES = len(os.sched_getaffinity(0))

# Runs of one program: as many as this, while they take no longer than that.
RUNS, SECONDS = 3, 20

# DoubleX works on some extensions for hours; its authors gave it forty minutes for each.
DOUBLEX_SECONDS = 60

PROFILE_SIZES = [10, 100, 1000]
SCRIPT_BYTES = 30_000

# A cost for each MB that grows by more than this between a hundred and a thousand extensions is no longer that of the bytes.
GROWTH = 1.5

# All scripts below a folder, one after the other in one process. What it cannot parse is counted.
XRAY = """
import { AstAnalyser } from "@nodesecure/js-x-ray";
import fs from "node:fs";
let read = 0, all = 0;
for (const entry of fs.readdirSync(process.argv[2], { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !entry.name.endsWith(".js")) continue;
  all += 1;
  try { new AstAnalyser().analyse(fs.readFileSync(entry.parentPath + "/" + entry.name, "utf8")); read += 1; } catch {}
}
console.log(`${read} of ${all} scripts parsed`);
"""


@dataclasses.dataclass
class Cost:
    """What commands cost, one after the other: seconds are added up, memory is that of the largest process."""

    wall: float = 0.0
    cpu: float = 0.0
    peak: float = 0.0
    failed: int = 0
    said: str = ""


@dataclasses.dataclass
class Row:
    name: str
    # Which files it looks at, by their ending; all where there is none.
    ending: str
    cost: Cost
    note: str = ""


class Place:
    """Where measured programs run, and as whom: crxhound as nobody instead of root, for whom it keeps no results."""

    def __init__(self, out, program):
        self.home, self.program = out / "home", program
        self.user = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
        self.environment = {
            "PATH": f"{out / 'node/node_modules/.bin'}:{os.environ['PATH']}", "HOME": str(self.home), "LANG": "C.UTF-8",
            "XDG_CACHE_HOME": str(self.home / "cache"), "TMPDIR": str(self.home)}

    def clear(self):
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir()
        if self.user:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.home, nobody.pw_uid, nobody.pw_gid)

    def run(self, command, seconds=None):
        begun = time.monotonic()
        said = self.home / "said"
        with open(said, "wb") as output:
            user = self.user if command[0] == self.program else {}
            child = subprocess.Popen([str(word) for word in command], stdout=output, stderr=subprocess.DEVNULL, cwd=self.home,
                                     env=self.environment, start_new_session=True, **user)
            if seconds is not None:
                signal.signal(signal.SIGALRM, lambda *_: os.killpg(child.pid, signal.SIGKILL))
                signal.alarm(seconds)
            _, status, usage = os.wait4(child.pid, 0)
            signal.alarm(0)
        return Cost(time.monotonic() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024,
                    os.waitstatus_to_exitcode(status), said.read_bytes()[-200:].decode(errors="replace"))

    def once(self, commands, good, seconds=None):
        """The cost of these commands; how many of them did not end well."""
        total = Cost()
        for command in commands:
            cost = self.run(command, seconds)
            total = Cost(total.wall + cost.wall, total.cpu + cost.cpu, max(total.peak, cost.peak),
                         total.failed + (cost.failed not in good), cost.said)
        return total

    def fastest(self, commands, good=(0,), before=lambda: None):
        runs = []
        while len(runs) < RUNS and sum(run.wall for run in runs) < SECONDS:
            before()
            runs.append(self.once(commands, good))
        return min(runs, key=lambda run: run.wall)


def sizes(folder, ending=""):
    """How many files with this ending there are, and their MB. Reads them, so that the system has them at hand."""
    files = [file for file in folder.rglob("*") if file.is_file() and file.name.endswith(ending)]
    return len(files), sum(len(file.read_bytes()) for file in files) / 1e6


def left_out(name, why):
    print(f"left out: {name}: {why}", file=sys.stderr)


def peers(place, program, out, folder, repository, doublex):
    """A row for each program that could be had; crxhound's first run comes first."""
    inspect = [program, "inspect", "--quiet", "--fail-on", "never", "--allow-incomplete", "--format", "json", folder]
    yield Row("crxhound inspect, the first time", "", place.fastest([inspect], before=place.clear))
    place.clear()
    place.run(inspect)
    yield Row("crxhound inspect, again", "", place.fastest([inspect]), "from its cache")

    place.clear()
    if shutil.which("yara"):
        cost = place.fastest([["yara", "-w", "-r", "-p", str(CORES), HERE / "speed_table.yar", folder]])
        yield Row("yara", "", cost, "12 rules, no parsing")
    else:
        left_out("yara", "Debian's package yara is not installed")

    modules = out / "node/node_modules"
    if (modules / "@nodesecure/js-x-ray").is_dir():
        # Beside its packages: that is where Node looks for them.
        script = out / "node/xray.mjs"
        script.write_text(XRAY)
        cost = place.fastest([["node", script, folder]])
        yield Row("JS-X-Ray 16.0.0", ".js", cost, cost.said.strip())
    else:
        left_out("JS-X-Ray", "npm could not install it")

    if (modules / "retire").is_dir():
        command = ["node", modules / "retire/lib/cli.js", "--path", folder, "--outputformat", "json", "--cachedir", place.home]
        command += ["--jsrepo", Path(repository).resolve()] if repository else []
        # 13: libraries with known flaws were found.
        cost = place.fastest([command], good=(0, 13))
        if cost.failed:
            left_out("retire.js", "its list of libraries cannot be fetched; --retire-repository names a copy of it")
        else:
            yield Row("retire.js 5.7.0", ".js", cost, "versions of libraries only")
    else:
        left_out("retire.js", "npm could not install it")

    packages = packed(out, folder)
    if (out / "venv/bin/extguard").exists():
        options = ["--json", "--no-ai", "--offline", "--no-record"]
        cost = place.fastest([[out / "venv/bin/extguard", *options, package] for package in packages])
        yield Row("extensionguard 0.4.1", "", cost, f"offline; {len(packages) - cost.failed} of {len(packages)} extensions done")
    else:
        left_out("extensionguard", "PyPI's package could not be installed")

    if not doublex:
        left_out("DoubleX", "no package registry has it; --doublex names a checkout")
    elif not (modules / "esprima").is_dir():
        left_out("DoubleX", "npm could not install the parser that it needs")
    else:
        yield run_doublex(place, out, Path(doublex).resolve(), packages)


def packed(out, folder):
    """Each extension as an archive, for programs that take nothing else."""
    archives = out / "zips"
    shutil.rmtree(archives, ignore_errors=True)
    archives.mkdir()
    for extension in sorted(path for path in folder.iterdir() if path.is_dir()):
        with zipfile.ZipFile(archives / f"{extension.name}.zip", "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
            for file in sorted(path for path in extension.rglob("*") if path.is_file()):
                archive.write(file, file.relative_to(extension))
    return sorted(archives.iterdir())


def run_doublex(place, out, checkout, packages):
    """With its own way of taking an extension apart, which is not timed."""
    parts, python = out / "doublex", out / "venv/bin/python"
    shutil.rmtree(parts, ignore_errors=True)
    (parts / "made").mkdir(parents=True)
    # Its parser looks for its packages beside itself.
    shutil.copytree(checkout, parts / "program", ignore=shutil.ignore_patterns(".git"))
    (parts / "program/src/node_modules").symlink_to(out / "node/node_modules")
    for package in packages:
        place.run([python, parts / "program/src/unpack_extension.py", "-s", package, "-d", parts / "made"])
    made = sorted((parts / "made").iterdir())
    commands = [[python, parts / "program/src/doublex.py", "-cs", folder / "content_scripts.js", "-bp", folder / "background.js"]
                for folder in made]
    cost = place.once(commands, (0,), DOUBLEX_SECONDS)
    answers = sum(answer(folder) for folder in made)
    return Row("DoubleX", "", cost, f"content scripts and background only, {DOUBLEX_SECONDS} s each; "
               f"{answers} of {len(packages)} extensions done")


def answer(folder):
    """Whether DoubleX understood the scripts of an extension and came to an end."""
    try:
        return json.loads((folder / "analysis.json").read_text())["benchmarks"]["crashes"] == []
    except (OSError, ValueError, KeyError):
        return False


def extension_id(number):
    return "".join(chr(ord("a") + int(digit, 16)) for digit in hashlib.sha256(b"made %d" % number).hexdigest()[:32])


def script(number):
    """About as many bytes of code as stated, different for each number: functions, listeners, storage, a page that is changed."""
    chance, parts, length = random.Random(number), [], 0
    while length < SCRIPT_BYTES:
        name = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=8))
        other = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=6))
        part = chance.choice([
            "function {n}(a, b) {{ const {o} = a.map((x) => x.{o} + b); return {o}.filter((x) => x > {k}).join('{o}'); }}\n",
            "const {n} = {{ {o}: {k}, list: ['{o}', '{n}'], run(e) {{ if (e.{o}) {{ this.list.push(e.{o}); }} return this; }} }};\n",
            "chrome.storage.local.get('{o}', (all) => {{ for (const {n} of all.{o} || []) show({n}, {k}); }});\n",
            "document.addEventListener('{o}', async ({n}) => {{ const box = document.createElement('div');\n"
            "  box.textContent = {n}.detail.{o}; document.body.append(box); await wait({k}); box.remove(); }});\n",
            "class {n} {{ #{o} = {k}; get {o}() {{ return this.#{o}; }} set {o}(v) {{ this.#{o} = Math.max(v, {k}); }} }}\n",
        ]).format(n=name, o=other, k=chance.randrange(10_000))
        parts.append(part)
        length += len(part)
    return "".join(parts)


def profile(path, count):
    """A user-data folder with one profile of this many extensions."""
    settings = {}
    for number in range(count):
        id = extension_id(number)
        manifest = {"manifest_version": 3, "name": f"Made {number}", "version": "1.0", "permissions": ["storage"],
                    "background": {"service_worker": "worker.js"},
                    "update_url": "https://clients2.google.com/service/update2/crx"}
        folder = path / "Default/Extensions" / id / "1.0_0"
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text(json.dumps(manifest))
        (folder / "worker.js").write_text(script(number))
        settings[id] = {"location": 1, "from_webstore": True, "path": f"{id}/1.0_0", "manifest": manifest,
                        "first_install_time": "13370000000000000"}
    (path / "Last Version").write_text("156.0.8078.79")
    (path / "Default/Preferences").write_text(json.dumps({"extensions": {"settings": settings}}))


def profiles(place, program, out):
    """Prints a row for each size; the CPU seconds for each MB, by size."""
    print("\n| extensions | MB | scan | scan again | CPU for each MB | memory | list |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    costs = {}
    for count in PROFILE_SIZES:
        path = out / f"profile-{count}"
        shutil.rmtree(path, ignore_errors=True)
        profile(path, count)
        _, size = sizes(path)
        scan = [program, "scan", "--quiet", "--fail-on", "never", "--allow-incomplete", "--format", "json", path]
        first = place.fastest([scan], before=place.clear)
        again = place.fastest([scan])
        listed = place.fastest([[program, "list", "--quiet", "--format", "json", path]])
        for cost in (first, again, listed):
            assert cost.failed == 0, f"{count} extensions: {cost.said}"
        costs[count] = first.cpu / size
        print(f"| {count} | {size:.1f} | {first.wall:.2f} s | {again.wall:.2f} s | {costs[count] * 1000:.0f} ms | "
              f"{first.peak:.0f} MB | {listed.wall * 1000:.0f} ms |", flush=True)
    return costs


def processor():
    with open("/proc/cpuinfo") as text:
        names = [line.split(":", 1)[1].strip() for line in text if line.startswith("model name")]
    return f"{CORES} cores of {names[0] if names else os.uname().machine}"


def main():
    program, out, part, folder, repository, doublex = sys.argv[1:]
    program, out = Path(program).resolve(), Path(out)
    place = Place(out, program)
    place.clear()
    print(f"{datetime.date.today()}, {processor()}")
    if part != "profiles":
        folder = Path(folder).resolve()
        extensions = sum(path.is_dir() for path in folder.iterdir())
        print(f"{extensions} extensions, {sizes(folder)[1]:.0f} MB, {sizes(folder, '.js')[1]:.0f} MB of it JavaScript")
        print("\n| program | MB of files | time | CPU | memory | times crxhound's time | CPU | memory | |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
        first = None
        for row in peers(place, program, out, folder, repository, doublex):
            cost, (_, size) = row.cost, sizes(folder, row.ending)
            first = first or cost
            print(f"| {row.name} | {size:.0f} | {cost.wall:.2f} s | {cost.cpu:.1f} s | {cost.peak:.0f} MB | "
                  f"{cost.wall / first.wall:.2f} | {cost.cpu / first.cpu:.2f} | {cost.peak / first.peak:.2f} | {row.note} |", flush=True)
    if part != "peers":
        costs = profiles(place, program, out)
        growth = costs[1000] / costs[100]
        print(f"\nFor each MB, 1,000 extensions cost {growth:.2f} times what 100 cost.")
        sys.exit(1 if growth > GROWTH else 0)


if __name__ == "__main__":
    main()
