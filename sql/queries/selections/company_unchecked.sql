-- A company comes first in the next run.
UPDATE companies SET last_checked_at = NULL WHERE cik = ?1;
