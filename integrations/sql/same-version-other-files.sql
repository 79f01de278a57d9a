-- Versions that have other files on some machines: a store hands out one content for each. The rare content is the one to look at.
SELECT id, version, content_sha256, count(DISTINCT host_id) AS hosts, list_sort(list_distinct(list(host_name)))[:10] AS machines
FROM extension WHERE content_sha256 IS NOT NULL GROUP BY id, version, content_sha256
QUALIFY count(*) OVER (PARTITION BY id, version) > 1 ORDER BY hosts, id, version, content_sha256;
