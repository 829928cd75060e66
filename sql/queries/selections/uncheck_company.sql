-- Marks a company as never checked for every selection.
UPDATE selection_companies SET checked_at = NULL WHERE cik = ?1;
