-- A queued primary document that was never stored comes with the submission.
DELETE FROM artifacts
WHERE filing = ?1 AND kind = 'primary' AND status IN ('pending', 'failed') AND sha256 IS NULL
RETURNING status;
