-- What is known of these filings' files (a JSON list of accession numbers). A filing that was split
-- has, so to speak, the artifact '*' downloaded.
SELECT a.accession, a.name, a.status, a.cik
FROM json_each(?1) AS wanted
CROSS JOIN artifacts AS a ON a.accession = wanted.value
UNION ALL
SELECT s.accession, '*', 1, s.cik
FROM json_each(?1) AS wanted
CROSS JOIN splits AS s ON s.accession = wanted.value;
