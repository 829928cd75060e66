-- A selection goes, with what was checked for it.
DELETE FROM selections WHERE id = ?1;
