-- Queues a file again that turned out not to be a document, and clears what was recorded about it.
UPDATE artifacts
SET status = 'pending', bytes = NULL, sha256 = NULL, downloaded_at = NULL
WHERE id = ?1;
