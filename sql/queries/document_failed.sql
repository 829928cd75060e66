-- A document that its submission holds only damaged, or under a name that cannot be a file's: a
-- later run asks for it by itself. What is on disk already stays downloaded.
INSERT INTO artifacts (
    accession, cik, kind, name, encoded_name, type, sequence, description,
    status, attempts, last_error, error_kind
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
    ?3, ?4, ?5, ?6, ?7, ?8, 2, ?9, ?10, ?11
WHERE true
ON CONFLICT (cik, accession, name) DO UPDATE
SET kind = excluded.kind, type = excluded.type, sequence = excluded.sequence,
    description = excluded.description, status = 2,
    attempts = attempts + excluded.attempts, last_error = excluded.last_error,
    error_kind = excluded.error_kind
WHERE status <> 1;
