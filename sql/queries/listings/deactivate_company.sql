-- The company list no longer has this company. Its row and its filings are kept.
UPDATE companies SET active = 0 WHERE cik = ?1;
