-- Queues a file. One that is known, perhaps under another company of a joint filing, stays as it is.
INSERT INTO artifacts (accession, cik, kind, name, encoded_name)
VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (accession, name) DO NOTHING;
