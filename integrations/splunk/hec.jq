# A line of a report as an event of Splunk's HTTP event collector: one object after another, no commas.
{time: (.started_at | fromdateiso8601), host: .host.name, source: "crxhound", sourcetype: ("crxhound:" + .type), event: .}
