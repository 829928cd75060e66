-- Filers ?1 (a JSON list of CIKs) that nobody has asked for before. Their submissions tell the names.
INSERT INTO companies (cik, name, active)
SELECT value, '', 0 FROM json_each(?1) WHERE true
ON CONFLICT DO NOTHING;
