-- What is known of these filings' files (a JSON list of accession numbers). A filing that was split
-- has, so to speak, the artifact '*' downloaded. The two parts of `owners` stand here by themselves,
-- because a view of both would be read as a whole.
SELECT a.accession, a.name, a.status, a.cik
FROM json_each(?1) AS wanted
CROSS JOIN owners_settled AS o ON o.accession = wanted.value
CROSS JOIN artifacts AS a ON a.cik = o.cik AND a.accession = o.accession
UNION ALL
SELECT a.accession, a.name, a.status, a.cik
FROM json_each(?1) AS wanted
CROSS JOIN owners_recent AS o ON o.accession = wanted.value
CROSS JOIN artifacts AS a ON a.cik = o.cik AND a.accession = o.accession
UNION ALL
SELECT s.accession, '*', 1, s.cik
FROM json_each(?1) AS wanted
CROSS JOIN splits AS s ON s.accession = wanted.value;
