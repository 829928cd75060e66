-- Records a search for a filing that an index lists, and the ?8 requests made for it.
INSERT INTO listed_filings (accession, cik, form, filed_on, listed_on, first_seen, status, tries)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (accession, cik) DO UPDATE
SET status = excluded.status, tries = tries + excluded.tries;
