-- How many machines have each extension, in which versions, the most common first.
SELECT id, any_value(name) AS name, count(DISTINCT host_id) AS hosts, list_sort(list_distinct(list(version))) AS versions,
  max(score) AS score
FROM extension GROUP BY id ORDER BY hosts DESC, id;
