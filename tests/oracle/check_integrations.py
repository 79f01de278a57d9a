#!/usr/bin/env python3
"""check_integrations.py FOLDER EVENTS

Parses every YAML, XML and JSON file below FOLDER, and holds the Sigma rules in it against EVENTS, a file that
`crxhound ... --format ecs` wrote: each rule has to match one of them at least, and none of those that sum up.
"""
import json
import pathlib
import sys
import xml.etree.ElementTree

import yaml


def value(event, field):
    for name in field.split("."):
        event = event.get(name) if isinstance(event, dict) else None
    return event


def selected(event, selection):
    for field, wanted in selection.items():
        name, _, modifier = field.partition("|")
        found = value(event, name)
        if modifier == "gte":
            matches = found is not None and found >= wanted
        elif modifier == "":
            matches = found in wanted if isinstance(wanted, list) else found == wanted
        else:
            sys.exit(f"{field}: this check does not know the modifier")
        if not matches:
            return False
    return True


def main():
    folder = pathlib.Path(sys.argv[1])
    parsers = {
        ".yml": lambda text: list(yaml.safe_load_all(text)),
        ".yaml": lambda text: list(yaml.safe_load_all(text)),
        ".json": json.loads,
        # Several elements may stand side by side where the engine pastes them into its own document.
        ".xml": lambda text: xml.etree.ElementTree.fromstring(text.encode()),
    }
    parsed = 0
    for path in sorted(folder.rglob("*")):
        if path.suffix in parsers:
            try:
                parsers[path.suffix](path.read_text("utf-8"))
            except Exception as error:
                sys.exit(f"{path}: {error}")
            parsed += 1

    events = [json.loads(line) for line in open(sys.argv[2], encoding="utf-8")]
    rules = sorted(folder.glob("sigma/*.yml"))
    for path in rules:
        detection = yaml.safe_load(path.read_text("utf-8"))["detection"]
        names = detection.pop("condition").split(" and ")
        hits = [event for event in events if all(selected(event, detection[name]) for name in names)]
        if not hits:
            sys.exit(f"{path}: matches none of {len(events)} events")
        if any(value(event, "event.kind") == "state" for event in hits):
            sys.exit(f"{path}: matches an event that sums up")
    print(json.dumps({"parsed": parsed, "rules": len(rules)}))


main()
