-- The companies on record that filed filing ?1.
SELECT r.cik
FROM filings AS f
CROSS JOIN filers AS r ON r.filing = f.id
WHERE f.accession = ?1;
