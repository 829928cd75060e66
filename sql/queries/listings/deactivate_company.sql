-- The list does not have this company any more: it is kept, with its filings.
UPDATE companies SET active = 0 WHERE cik = ?1;
