-- What every query here stands on. Run it first, with the variable `reports` set to the JSONL reports of the fleet:
--
--   SET VARIABLE reports = 'reports/**/*.jsonl';
--   .read views.sql
--
-- Of each machine only the newest scan counts, as in `crxhound fleet`; lines that are cut off are passed over.

CREATE OR REPLACE VIEW line AS
SELECT * FROM read_ndjson(
  getvariable('reports'), ignore_errors = true, columns = {
    schema: 'VARCHAR', scan_id: 'VARCHAR', started_at: 'TIMESTAMPTZ',
    host: 'STRUCT(id VARCHAR, name VARCHAR, os VARCHAR, "user" VARCHAR)', type: 'VARCHAR', id: 'VARCHAR', name: 'VARCHAR',
    version: 'VARCHAR', browser: 'VARCHAR', profile: 'VARCHAR', install: 'STRUCT(source VARCHAR, enabled BOOLEAN)',
    verdict: 'VARCHAR', score: 'INTEGER', families: 'VARCHAR[]', content_sha256: 'VARCHAR',
    findings: 'STRUCT(rule VARCHAR, title VARCHAR, severity VARCHAR, verdict VARCHAR)[]',
    contacts: 'STRUCT(host VARCHAR, "from" VARCHAR)[]'})
WHERE schema = 'crxhound.report/1';

-- One row for each extension in each profile of each machine, as the machine's newest scan has it.
CREATE OR REPLACE VIEW extension AS
WITH newest AS (SELECT host.id AS host_id, max({'started': started_at, 'scan': scan_id}) AS last FROM line GROUP BY ALL)
SELECT line.host.id AS host_id, line.host.name AS host_name, started_at, line.id AS id, line.name AS name, version, browser,
  profile, install.source AS source, install.enabled AS enabled, verdict, score, families, content_sha256, findings, contacts
FROM line JOIN newest ON line.host.id = newest.host_id AND started_at = last.started AND scan_id = last.scan
WHERE type = 'extension';
