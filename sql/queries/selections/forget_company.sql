-- Removes a company from every selection.
DELETE FROM selection_companies WHERE cik = ?1;
