-- No selection has this company any more.
DELETE FROM selection_companies WHERE cik = ?1;
