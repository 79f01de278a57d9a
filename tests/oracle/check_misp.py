"""Reads MISP events with MISP's own library: the schema of an event, the types and categories of attributes, and the template of
each object. Prints, for each attribute that raises alarms, its type and value."""

import json
import sys

from pymisp import MISPEvent, MISPObject

for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    event = MISPEvent()
    event.load(document, validate=True)
    for item in event.objects:
        template = MISPObject(item.name, strict=True)
        if template.template_uuid != item.template_uuid or str(template.template_version) != str(item.template_version):
            sys.exit(f"{path}: {item.name} is not of this library's template")
        for attribute in item.attributes:
            template.add_attribute(attribute.object_relation, value=attribute.value)
        template.to_json(strict=True)
    for attribute in event.attributes:
        if attribute.to_ids:
            print(attribute.type, attribute.value)
