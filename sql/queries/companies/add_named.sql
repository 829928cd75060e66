-- Adds filers ?1 (a JSON list of CIKs) that are not on record yet. Their names come with their
-- submissions.
INSERT INTO companies (cik, name, active)
SELECT value, '', 0 FROM json_each(?1) WHERE true
ON CONFLICT DO NOTHING;
