-- A document of a split submission is on disk. One that was fetched by itself before is the same
-- file; its folder is the one that it was first asked for in.
INSERT INTO artifacts (
    accession, cik, kind, name, encoded_name, type, sequence, description,
    status, bytes, sha256, attempts, downloaded_at
)
SELECT
    ?1,
    coalesce(
        (
            SELECT cik FROM artifacts
            WHERE accession = ?1 AND name = ?4
                AND cik IN (SELECT cik FROM owners WHERE accession = ?1)
        ),
        ?2
    ),
    ?3, ?4, ?5, ?6, ?7, ?8, 1, ?9, ?10, ?11, ?12
WHERE true
ON CONFLICT (cik, accession, name) DO UPDATE
SET kind = excluded.kind, type = excluded.type, sequence = excluded.sequence,
    description = excluded.description, status = 1, bytes = excluded.bytes,
    sha256 = excluded.sha256, attempts = attempts + excluded.attempts,
    last_error = NULL, error_kind = NULL, downloaded_at = excluded.downloaded_at;
