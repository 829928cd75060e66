-- Sets the CIKs of a selection, a JSON list.
UPDATE selections SET ciks = ?2 WHERE id = ?1;
