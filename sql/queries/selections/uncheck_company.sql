-- A company is to be looked at anew for every selection.
UPDATE selection_companies SET checked_at = NULL WHERE cik = ?1;
