-- Deletes a queued primary document that was never stored: the queued submission contains it.
DELETE FROM artifacts
WHERE filing = ?1 AND kind = 'primary' AND status IN ('pending', 'failed') AND sha256 IS NULL
RETURNING status;
