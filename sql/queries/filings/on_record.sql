-- What is on record of these filings (a JSON list of accession numbers): a row for each file, and
-- one for a filing without any.
SELECT f.accession, f.folder, s.status, a.name, a.status, a.bytes, a.sha256, a.sequence, a.kind,
    a.name, a.url_name
FROM json_each(?1) AS wanted
CROSS JOIN filings AS f ON f.accession = wanted.value
LEFT JOIN submissions AS s ON s.filing = f.id
LEFT JOIN artifacts AS a ON a.filing = f.id;
