-- Inserts a document of a split submission, stored or not, that has no row yet.
INSERT INTO artifacts (
    filing, name, url_name, kind, status, attempts, bytes, sha256, downloaded_at, type, sequence,
    description, error_kind, last_error, queued_by
)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15);
