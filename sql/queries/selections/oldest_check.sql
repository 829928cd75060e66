-- The oldest check of a company for a selection.
SELECT min(checked_at) FROM selection_companies WHERE selection = ?1;
