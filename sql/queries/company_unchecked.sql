-- The next run looks at this company anew, from its first filing on.
UPDATE companies SET last_checked_at = NULL WHERE cik = ?1;
