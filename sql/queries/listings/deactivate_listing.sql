-- The company list no longer has this listing. It was last seen by the sync of the day ?3.
UPDATE listings SET active = 0, last_seen = ?3 WHERE cik = ?1 AND ticker = ?2;
