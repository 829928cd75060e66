-- The list does not have this listing any more; it was last seen by the sync before.
UPDATE listings SET active = 0, last_seen = ?3 WHERE cik = ?1 AND ticker = ?2;
