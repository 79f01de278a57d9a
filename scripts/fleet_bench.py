"""The work of fleet-bench.sh: makes the reports of a fleet, counts them with crxhound and with DuckDB, compares."""

import hashlib
import itertools
import json
import multiprocessing
import os
import random
import subprocess
import sys
import time
from pathlib import Path

POPULATION = 40_000
RULES = ["sends-mail-text", "can-read-all-cookies", "is-unpacked-with-wide-access", "can-watch-every-request"]


def extension_id(number):
    return "".join(chr(ord("a") + int(digit, 16)) for digit in hashlib.sha256(b"%d" % number).hexdigest()[:32])


def finding(rule, verdict):
    return {"rule": rule, "title": f"Title of {rule}", "severity": "medium", "confidence": "medium", "leg": "exposure",
            "attack": [], "why": "One sentence.", "verdict": verdict, "exposed_since": None, "evidence": [], "flow": [],
            "remediation": ""}


def extension_line(number, chance):
    """What one machine says of an extension: the same for most, an older version for some, other files for a few."""
    version = f"{number % 7}.{chance.choice([3, 3, 3, 2])}.0"
    content = hashlib.sha256(f"{number} {version}".encode()).hexdigest()
    if chance.random() < 0.0005:
        content = hashlib.sha256(f"{number} {version} changed".encode()).hexdigest()
    findings = []
    if number % 5 == 0:
        findings.append(finding(RULES[1 + number % 3], "review"))
    if number % 997 == 0:
        findings.insert(0, finding(RULES[0], "suspicious"))
    verdict = max((f["verdict"] for f in findings), key=["review", "suspicious"].index, default="ok")
    contacts = [{"host": f"api{number % 3000}.invalid", "from": "literal", "file": "bg.js", "line": 1}] if number % 4 == 0 else []
    return {"type": "extension", "id": extension_id(number), "name": f"Extension {number}", "version": version,
            "browser": "chrome", "profile": "Default",
            "install": {"source": "unpacked" if number % 211 == 0 else "web_store", "enabled": chance.random() < 0.9},
            "verdict": verdict, "score": {"ok": 0, "review": 30, "suspicious": 60}[verdict], "families": [],
            "findings": findings, "contacts": contacts, "content_sha256": content}


def scan(host, number, day, extensions):
    head = {"schema": "crxhound.report/1", "scan_id": f"{host:08x}-{number}", "started_at": f"2026-04-{day:02}T08:00:00Z",
            "host": {"id": hashlib.md5(b"%d" % host).hexdigest(), "name": f"ws-{host:05}", "os": "windows", "user": "u"}}
    bodies = [{"type": "machine", "findings": []}, *extensions, {"type": "summary", "extensions": len(extensions), "complete": True}]
    return [json.dumps(head | body, separators=(",", ":")) + "\n" for body in bodies]


def make_host(folder, host, count, weights):
    chance = random.Random(host)
    numbers = set()
    while len(numbers) < count:
        numbers.update(chance.choices(range(POPULATION), cum_weights=weights, k=count - len(numbers)))
    lines = scan(host, 1, 20, [extension_line(number, chance) for number in sorted(numbers)])
    place = folder / f"{host // 1000:03}"
    place.mkdir(parents=True, exist_ok=True)
    if host % 10 == 0:
        (place / f"{host:05}-a.jsonl").write_text("".join(lines[::2]))
        (place / f"{host:05}-b.jsonl").write_text("".join(lines[1::2]))
    else:
        (place / f"{host:05}.jsonl").write_text("".join(lines))
    if host % 20 == 0:
        older = [extension_line(number, chance) for number in range(host % 100, host % 100 + count)]
        (place / f"{host:05}-old.jsonl").write_text("".join(scan(host, 0, 10, older)))


def make(job):
    folder, hosts, count = job
    weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(POPULATION)))
    for host in hosts:
        make_host(folder, host, count, weights)


def measured(command, **streams):
    """Seconds, and peak memory in MB, of a command."""
    begun = time.monotonic()
    child = subprocess.Popen(command, **streams)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - begun
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, 1):
        sys.exit(f"{command[0]} ended with {code}")
    return seconds, usage.ru_maxrss / 1024


QUERY = """
import json, sys, duckdb
folder, out = sys.argv[1:]
connection = duckdb.connect(config={"threads": 2})
connection.execute("set enable_progress_bar = false")
columns = {
    "scan_id": "VARCHAR", "started_at": "VARCHAR", "host": "STRUCT(id VARCHAR)", "type": "VARCHAR", "id": "VARCHAR",
    "version": "VARCHAR", "verdict": "VARCHAR", "content_sha256": "VARCHAR", "findings": "STRUCT(rule VARCHAR)[]"}
connection.execute(f"create view line as select * from read_ndjson('{folder}/*/*.jsonl', columns={columns})")
connection.execute('''create temp table row as
    with newest as (select host.id as host, arg_max(scan_id, started_at) as scan from line group by 1)
    select newest.host, line.id, version, content_sha256 as content, verdict, list_transform(findings, lambda f: f.rule) as rules
    from line join newest on line.host.id = newest.host and scan_id = scan where type = 'extension' ''')
rows = lambda query: connection.execute(query).fetchall()
json.dump({
    "ids": {id: n for id, n in rows("select id, count(distinct host) from row group by 1")},
    "builds": {f"{id} {version} {content}": n for id, version, content, n in
               rows("select id, version, content, count(distinct host) from row group by all")},
    "rules": {rule: n for rule, n in
              rows("select rule, count(distinct host) from (select host, unnest(rules) as rule from row) group by 1")},
}, open(out, "w"))
"""


def main():
    program, out, hosts, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    folder = out / f"reports-{hosts}-{count}"
    if not (folder / "complete").exists():
        jobs = [(folder, range(first, min(first + 1000, hosts)), count) for first in range(0, hosts, 1000)]
        with multiprocessing.Pool() as pool:
            pool.map(make, jobs, chunksize=1)
        (folder / "complete").touch()
    files = list(folder.glob("*/*.jsonl"))
    size = sum(file.stat().st_size for file in files)
    print(f"{hosts} machines, {hosts * count} rows, {len(files)} files, {size / 1e6:.0f} MB")

    # Both find the files in the system's cache.
    for file in files:
        file.read_bytes()
    with open(out / "fleet.json", "wb") as answer:
        ours = measured([program, "fleet", "--quiet", "--threads", "2", "--format", "json", str(folder)], stdout=answer)
    theirs = measured([sys.executable, "-c", QUERY, str(folder), str(out / "duckdb.json")])
    print(f"crxhound fleet: {ours[0]:6.1f} s  {ours[1]:6.0f} MB")
    print(f"DuckDB:         {theirs[0]:6.1f} s  {theirs[1]:6.0f} MB")

    fleet, expected = json.loads((out / "fleet.json").read_text()), json.loads((out / "duckdb.json").read_text())
    builds = ((extension["id"], version["version"], content) for extension in fleet["extensions"]
              for version in extension["by_version"] for content in version["contents"])
    counted = {
        "ids": {extension["id"]: extension["hosts"] for extension in fleet["extensions"]},
        "builds": {f"{id} {version} {content['content_sha256']}": content["hosts"] for id, version, content in builds},
        "rules": {found["rule"]: found["hosts"] for found in fleet["findings"]},
    }
    same = fleet["summary"]["hosts"] == hosts
    for what, counts in expected.items():
        same &= counted[what] == counts
        print(f"{what}: {len(counts)}, {'the same' if counted[what] == counts else 'DIFFERENT'}")
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
