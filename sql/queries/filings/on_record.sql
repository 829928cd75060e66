-- The recorded files of the filings ?1 (a JSON list of accession numbers). There is one row for each
-- file, and one row for a filing without files.
SELECT f.accession, f.folder, s.status, a.name, a.status, a.bytes, a.sha256, a.sequence, a.kind,
    a.name, a.url_name
FROM json_each(?1) AS wanted
CROSS JOIN filings AS f ON f.accession = wanted.value
LEFT JOIN submissions AS s ON s.filing = f.id
LEFT JOIN artifacts AS a ON a.filing = f.id;
