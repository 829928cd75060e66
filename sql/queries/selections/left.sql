-- Companies that were of a selection once, until they left its exchanges.
SELECT cik FROM selection_left WHERE selection = ?1;
