-- Extensions that came from no store and no policy, or are on few machines and not known as harmless: the rarest first.
SELECT id, any_value(name) AS name, count(DISTINCT host_id) AS hosts, max(score) AS score,
  list_sort(list_distinct(list(source))) AS sources, list_sort(list_distinct(list(host_name)))[:10] AS machines
FROM extension GROUP BY id
HAVING bool_or(source IN ('sideload', 'unpacked', 'command_line')) OR (hosts <= 3 AND max(score) >= 20)
ORDER BY hosts, score DESC, id;
