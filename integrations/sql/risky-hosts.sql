-- Machines with an extension that is suspicious or worse, the worst first.
SELECT host_id, any_value(host_name) AS host_name, max(score) AS score, list_sort(list_distinct(list(id))) AS extensions
FROM extension WHERE verdict IN ('suspicious', 'malicious') GROUP BY host_id ORDER BY score DESC, host_name, host_id;
