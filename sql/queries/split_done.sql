-- All documents of this filing are recorded. Split again, the newest submission counts.
INSERT OR REPLACE INTO splits (accession, cik, documents, bytes, sha256, split_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6);
