#!/usr/bin/env python3
"""check_integrations.py FOLDER EVENTS AUDIT

Parses every YAML, XML and JSON file below FOLDER, and holds the rules of Sigma and Wazuh in it against EVENTS, a file that
`crxhound ... --format ecs` wrote: each rule of Sigma has to match one of them at least, and none of those that sum up; each rule of
Wazuh one of them or of the lines of AUDIT, a log that `--audit-log` wrote.
"""
import json
import pathlib
import re
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


def elements(text):
    """The elements of a text; several may stand side by side where the engine pastes them into its own document."""
    text = re.sub(r"^<\?xml.*?\?>", "", text)
    return list(xml.etree.ElementTree.fromstring(f"<all>{text}</all>".encode()))


def wazuh(folder, events, audit):
    """How many rules there are; each needs a line to match, and what it quotes has to be in the line."""
    rules = [rule for group in elements((folder / "crxhound_rules.xml").read_text("utf-8")) for rule in group.iter("rule")]
    decoders = {decoder.get("name") for decoder in elements((folder / "crxhound_decoder.xml").read_text("utf-8"))}
    matched = {}
    for rule in sorted(rules, key=lambda rule: (rule.find("if_sid") is not None, rule.get("id"))):
        name, parents = rule.get("id"), rule.findtext("if_sid")
        if name in matched:
            sys.exit(f"{name}: the number of two rules")
        if parents is None:
            decoder = rule.findtext("decoded_as")
            if decoder not in decoders | {"json"}:
                sys.exit(f"{name}: no decoder is called {decoder}")
            lines = events + audit if decoder in decoders else events
        else:
            lines = [line for parent in parents.split(",") for line in matched[parent]]
        fields = [(field.get("name"), re.compile(field.text)) for field in rule.iter("field")]
        hits = [line for line in lines if all(pattern.search(str(value(line, field) or 0)) for field, pattern in fields)]
        if not hits:
            sys.exit(f"{name}: matches no line")
        for quoted in re.findall(r"\$\((.*?)\)", rule.findtext("description")):
            if not any(value(line, quoted) for line in hits):
                sys.exit(f"{name}: {quoted} is in no line that matches")
        matched[name] = hits
    return len(rules)


def main():
    folder = pathlib.Path(sys.argv[1])
    parsers = {
        ".yml": lambda text: list(yaml.safe_load_all(text)),
        ".yaml": lambda text: list(yaml.safe_load_all(text)),
        ".json": json.loads,
        ".xml": elements,
        ".conf": lambda text: json.loads(text) if text.startswith("{") else None,
    }
    parsed = 0
    for path in sorted(folder.rglob("*")):
        if path.suffix in parsers:
            try:
                parsers[path.suffix](path.read_text("utf-8"))
            except Exception as error:
                sys.exit(f"{path}: {error}")
            parsed += 1

    events, audit = ([json.loads(line) for line in open(file, encoding="utf-8")] for file in sys.argv[2:4])
    rules = sorted(folder.glob("sigma/*.yml"))
    for path in rules:
        detection = yaml.safe_load(path.read_text("utf-8"))["detection"]
        names = detection.pop("condition").split(" and ")
        hits = [event for event in events if all(selected(event, detection[name]) for name in names)]
        if not hits:
            sys.exit(f"{path}: matches none of {len(events)} events")
        if any(value(event, "event.kind") == "state" for event in hits):
            sys.exit(f"{path}: matches an event that sums up")
    print(json.dumps({"parsed": parsed, "rules": len(rules), "wazuh": wazuh(folder / "wazuh", events, audit)}))


main()
