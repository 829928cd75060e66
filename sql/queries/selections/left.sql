-- The companies that left the exchanges of a selection.
SELECT cik FROM selection_left WHERE selection = ?1;
