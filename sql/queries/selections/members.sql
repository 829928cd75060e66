-- The companies of a selection, and as of when each was checked for it.
SELECT cik, checked_at FROM selection_companies WHERE selection = ?1 ORDER BY cik;
