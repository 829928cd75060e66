-- Queues a file that is not on record (artifact_known.sql). FAIL as in artifact_downloaded.sql.
INSERT OR FAIL INTO artifacts (accession, cik, kind, name, encoded_name)
VALUES (?1, ?2, ?3, ?4, ?5);
