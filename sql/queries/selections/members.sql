-- The companies of a selection, and when each was last checked for it.
SELECT cik, checked_at FROM selection_companies WHERE selection = ?1 ORDER BY cik;
