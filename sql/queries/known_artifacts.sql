-- What is known of these filings' files (a JSON list of accession numbers).
SELECT a.accession, a.name, a.status, a.cik
FROM json_each(?1) AS wanted
CROSS JOIN artifacts AS a ON a.accession = wanted.value;
