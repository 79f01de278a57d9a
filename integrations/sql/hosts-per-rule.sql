-- On how many machines each rule found something about an extension.
SELECT finding.rule AS rule, any_value(finding.title) AS title, count(DISTINCT host_id) AS hosts, count(DISTINCT id) AS extensions
FROM (SELECT host_id, id, unnest(findings) AS finding FROM extension) GROUP BY rule ORDER BY hosts DESC, rule;
