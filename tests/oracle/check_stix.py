"""Checks STIX 2.1 bundles with OASIS's validator and its library: schema and interoperability rules, patterns, references,
and the ids of observables, which the library works out for itself. Prints the number of objects of each bundle."""

import json
import sys

import stix2
from stix2validator import ValidationOptions, validate_file

# Two of the validator's recommendations are not followed: random ids (103; the standard allows others, see src/report/stix.rs),
# and hashes of the pages that are referred to (302; ATT&CK's own bundles have none).
OPTIONS = ValidationOptions(version="2.1", strict=True, disabled=["103", "302"])
OBSERVABLES = {
    "domain-name": stix2.DomainName,
    "file": stix2.File,
    "ipv4-addr": stix2.IPv4Address,
    "ipv6-addr": stix2.IPv6Address,
    "software": stix2.Software,
}
CONTRIBUTING = ("hashes", "name", "swid", "value", "version")

for path in sys.argv[1:]:
    results = validate_file(path, OPTIONS)
    wrong = [str(error) for result in results.object_results for error in result.errors]
    if not results.is_valid:
        sys.exit(f"{path}: {wrong}")
    with open(path, encoding="utf-8") as file:
        bundle = json.load(file)
    stix2.parse(bundle, version="2.1")
    ids = {item["id"] for item in bundle["objects"]}
    if len(ids) != len(bundle["objects"]):
        sys.exit(f"{path}: an id stands twice")
    for item in bundle["objects"]:
        references = [value for key, value in item.items() if key.endswith("_ref")]
        references += [value for key, values in item.items() if key.endswith("_refs") for value in values]
        if missing := [reference for reference in references if reference not in ids]:
            sys.exit(f"{path}: {item['id']} refers to {missing}")
        if kind := OBSERVABLES.get(item["type"]):
            again = kind(**{key: value for key, value in item.items() if key in CONTRIBUTING})
            if again.id != item["id"]:
                sys.exit(f"{path}: {item['id']} should be {again.id}")
    print(len(bundle["objects"]))
