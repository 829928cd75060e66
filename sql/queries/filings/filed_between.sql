-- The filings of the companies ?1 (a JSON list) filed from ?2 to ?3, one row for each filer.
SELECT r.cik, f.accession, f.form, f.filed_on
FROM json_each(?1) AS wanted
CROSS JOIN filers AS r ON r.cik = wanted.value
CROSS JOIN filings AS f ON f.id = r.filing
WHERE f.filed_on BETWEEN ?2 AND ?3;
